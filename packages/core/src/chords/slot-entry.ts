import type { Value } from '../backend/value.ts'
import { decodeJson, encodeJson } from '../wire/json.ts'
import { isRecord } from '../wire/unreadable.ts'
import { PROPAGATE_STATES, type State } from '../wire/states.ts'

/** What fills a slot: the first ending of a part, for good. */
export interface SlotEntry {
  readonly taskId: string
  /** A ready state, or `IGNORED` for a part that leaves no result. */
  readonly state: State
  /** The encoded result. Absent as long as it was not read from its own key. */
  readonly value?: unknown
  /** Whether the value has a key of its own. */
  readonly isLarge?: boolean
}

/** As it stands in a marker. Short names: there is one for every part. */
interface Written {
  readonly t: string
  readonly s: State
  readonly v?: unknown
}

export function encodeEntry(entry: SlotEntry): string {
  const { taskId, state } = entry
  return encodeJson('value' in entry ? { t: taskId, s: state, v: entry.value ?? null } : { t: taskId, s: state })
}

export function decodeEntry(value: Value, mode: 'natural' | 'lossless' = 'natural'): SlotEntry {
  const written = decodeJson(textOf(value), { mode }) as Written // written by the function above
  const { t: taskId, s: state } = written
  return 'v' in written ? { taskId, state, value: written.v } : { taskId, state, isLarge: true }
}

export function isFailure({ state }: SlotEntry): boolean {
  return PROPAGATE_STATES.has(state)
}

/** Failures always ride in their markers, so that nothing can turn one into anything else: a long one is cut. */
export function shortened(entry: SlotEntry, bytes: number): SlotEntry {
  const text = encodeJson(entry.value ?? null)
  if (text.length <= bytes || !isRecord(entry.value)) return entry
  const { exc_type: type, exc_module: module } = entry.value
  const cut = `${text.slice(0, bytes / 2).toWellFormed()}...`
  return { ...entry, value: { exc_type: type, exc_message: [cut], exc_module: module } }
}

export function textOf(value: Value): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString()
}
