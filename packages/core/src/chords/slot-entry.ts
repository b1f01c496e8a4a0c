import type { Value } from '../backend/value.ts'
import { decodeJson, encodeJson } from '../wire/json.ts'
import { isRecord } from '../wire/unreadable.ts'
import { pythonRepr } from '../wire/python-repr.ts'
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
  const { value } = entry
  if (encodeJson(value ?? null).length <= bytes || !isRecord(value)) return entry
  const args: readonly unknown[] = Array.isArray(value['exc_message']) ? value['exc_message'] : [value['exc_message']]
  const some = args.slice(0, mostArgs)
  // A character may take six when it is escaped.
  const length = Math.floor(bytes / 8 / some.length)
  const message = some.map((arg) => clipped(typeof arg === 'string' ? arg : pythonRepr(arg), length))
  return { ...entry, value: { exc_type: value['exc_type'], exc_message: message, exc_module: value['exc_module'] } }
}

const mostArgs = 8

function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}...`
}

export function textOf(value: Value): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString()
}
