import type { Value } from '../backend/value.ts'
import { freeze } from '../canvas/freeze.ts'
import type { ChordShape } from '../canvas/frozen.ts'
import { signatureFromData } from '../canvas/signature-from-data.ts'
import { jsonCodec } from '../wire/codec.ts'
import { decodeGroupMeta } from '../wire/group-meta.ts'
import { encodeJson } from '../wire/json.ts'
import { type ResultNode, taskIdsOf } from '../wire/result-tuple.ts'
import type { Part } from './chord-ledger.ts'
import type { ChordRecord } from './chord-record.ts'

/** A header as Celery keeps it, in the document of a group: its tasks in their order, and which of them were groups. */
export interface PeerHeader {
  readonly taskIds: readonly string[]
  readonly shape: ChordShape
}

/** Throws `unreadable` for anything else than the document of a group. */
export function decodePeerHeader(stored: Value): PeerHeader {
  const { members = [] } = decodeGroupMeta(stored, jsonCodec)
  return { taskIds: members.flatMap(taskIdsOf), shape: members.map(shapeOf) }
}

function shapeOf({ members }: ResultNode): 1 | ChordShape {
  return members === undefined ? 1 : members.map(shapeOf)
}

export interface PeerBeginning {
  /** Absent where only the count of its parts tells how many there are. */
  readonly header?: PeerHeader
  readonly lifetimeSeconds: number
  /** Milliseconds since 1970. */
  readonly now: number
  readonly nonce: string
}

/** Nobody sets a deadline for a chord that a peer began; it lives as long as parts come, as with Celery. */
const noDeadlineMs = 100 * 365 * 86_400_000

/** The record of a chord that a worker of Celery began, as the first part that returns here makes it. */
export function peerChordRecord({ chord: id, body }: Part, beginning: PeerBeginning): ChordRecord {
  if (body === undefined) throw new TypeError(`A part of chord ${id} does not name its body`)
  const { header, lifetimeSeconds, now, nonce } = beginning
  const size = header?.taskIds.length ?? 0
  return {
    id,
    state: header === undefined ? 'open' : 'sealed',
    rev: 0,
    nonce,
    writtenAt: now,
    createdAt: now,
    deadline: now + noDeadlineMs,
    lifetimeSeconds,
    size,
    sizes: [size],
    ...(header && { shape: header.shape }),
    adds: {},
    fanOut: 32,
    body: encodeJson(body),
    bodyIds: taskIdsOf(freeze(signatureFromData(body)).root),
    policy: 'waitAll',
    results: 'value',
    attempt: 0,
  }
}
