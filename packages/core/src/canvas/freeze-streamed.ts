import { randomUUID } from 'node:crypto'
import { type SignatureData } from '../wire/signature-data.ts'
import type { FrozenBody, FrozenHeader } from './frozen.ts'
import { DerivedIds } from './id-source.ts'
import { bodyWithIds, headerWithIds, stubOf } from './ids.ts'
import type { MessageOptions } from './messages.ts'
import { nodeOf } from './named.ts'
import type { AnySignature } from './signature.ts'
import { signatureFromData } from './signature-from-data.ts'
import { frozenBody, frozenHeader } from './start.ts'
import type { StreamedChord } from './streamed-chord.ts'

/** Gives the body of a chord its ids before its header is known. */
export function freezeStreamed({ body, options }: StreamedChord, message: MessageOptions = {}): FrozenBody {
  const { id = randomUUID(), ...chordOptions } = options
  const named = bodyWithIds(body, id)
  return { id, ...frozenBody(named, {}, message), node: nodeOf(named), options: chordOptions }
}

/** Which members of a chord's header come next. */
export interface HeaderPosition {
  readonly id: string
  readonly body: SignatureData
  /** The first free slot: the slots of all members before. */
  readonly slot: number
  /** How many members came before. */
  readonly member: number
  /** Names members that are added to a chord that has started: the same name gives the same ids, another gives others. */
  readonly addition?: string
}

/** Gives members of a chord's header their ids and slots. */
export function freezeHeader(
  members: readonly AnySignature[],
  at: HeaderPosition,
  message: MessageOptions = {},
): FrozenHeader {
  const { id: chordId, slot, member, addition } = at
  const ids = new DerivedIds(chordId)
  const named = headerWithIds(members, {
    ids: addition === undefined ? ids : ids.child(ids.named(`add ${addition}`)),
    chordId,
    stub: stubOf(chordId, signatureFromData(at.body)),
    slot,
    member,
  })
  return frozenHeader(named, message)
}
