import { type ChordRecord, decodeJson, encodeJson, type Held } from '@arpeggio/core'
import { type Argument, listOf, type Reply, textOf } from '../client.ts'
import { captured, capturedFrom } from './lua.ts'

/** How a chord is fired: `own` without peers, else as `Results` says. */
export type Mode = 'own' | 'shared' | 'captured'

/** A record as fields: those that the scripts read and write have names of their own, all others are one text. */
export function fieldsOf(record: ChordRecord): readonly Argument[] {
  const { state, rev, attempt, why = '', lease, writtenAt, nonce: _, size: __, ...rest } = record
  const fields = { st: state, rev, att: attempt, why, lease: lease ? encodeJson(lease) : '', at: writtenAt }
  return [...Object.entries(fields).flat(), 'rec', encodeJson(rest)]
}

/** Whole as the scripts answer it; nothing when there is none. */
export function heldOf(reply: Reply | undefined): Held | undefined {
  const [fields, inT] = listOf(reply)
  if (fields === undefined) return undefined
  const found = new Map<string, string>()
  const list = listOf(fields)
  for (let at = 0; at < list.length; at += 2) found.set(textOf(list[at]), textOf(list[at + 1]))
  const text = (name: string): string => found.get(name) ?? ''
  const rest = decodeJson(text('rec')) as Omit<ChordRecord, 'state' | 'rev'> // written by the function above
  const why = text('why')
  const record = {
    ...rest,
    state: text('st'),
    rev: Number(text('rev')),
    attempt: Number(text('att')),
    writtenAt: Number(text('at')),
    nonce: text('nonce'),
    size: sizeIn(found, inT),
    lease: text('lease') === '' ? null : decodeJson(text('lease')),
    ...(why === '' ? {} : { why }),
  } as ChordRecord // every field was one before
  if (found.get('m') === 'own') withoutPeers.add(record)
  return { record, version: record.nonce }
}

const withoutPeers = new WeakSet<object>()

/** Whether this is a record as it was read, of a chord that has no peers. What core changed of it counts as another. */
export function hasNoPeers(record: object): boolean {
  return withoutPeers.has(record)
}

/** What peers add is counted beside the size, until the parts are fixed. */
function sizeIn(fields: ReadonlyMap<string, string>, inT: Reply | undefined): number {
  const size = Number(fields.get('size') ?? 0)
  if (fields.get('m') === 'own' || fields.has('due') || !fields.has('size')) return size
  const added = inT === null ? 0 : Number(textOf(inT))
  return size + (added >= capturedFrom ? added - captured : added)
}
