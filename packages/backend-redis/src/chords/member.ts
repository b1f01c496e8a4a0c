import { decodeJson, encodeJson, type SlotEntry } from '@arpeggio/core'

/** How every member of a task goes on behind its first number, in the bytes that Celery writes. */
export function nameOf(taskId: string): string {
  return `, ${encodeJson(taskId)}, `
}

/** A part as Celery writes it, `exact` to the byte: a set keeps apart what differs, and the same part twice must not. */
export function memberOf(name: string, { state, value }: SlotEntry, exact: boolean): string {
  return `[1${name}${encodeJson(state)}, ${encodeJson(value ?? null, { exact })}]`
}

/** Reads what either side has written; the number in front says nothing. */
export function entryOf(member: string): SlotEntry {
  return successOf(member) ?? anyOf(member)
}

const opening = '[1, "'
const succeeded = '", "SUCCESS"'
const comma = ', '
/** The value is one level down in the member. */
const inMember = { maxDepth: 499 }

// What stands for something else in a text, or must not stand there.
// oxlint-disable-next-line no-control-regex
const toDecode = /[\\\u0000-\u001f]/

/** Most parts by far: what lies behind the state is the whole value when it is JSON by itself. */
function successOf(member: string): SlotEntry | undefined {
  const end = member.indexOf('"', opening.length)
  const at = end + succeeded.length
  const isSuccess = member.slice(0, opening.length) === opening && member.slice(end, at) === succeeded
  if (!isSuccess || member.slice(at, at + comma.length) !== comma || !member.endsWith(']')) return undefined
  const taskId = member.slice(opening.length, end)
  if (toDecode.test(taskId)) return undefined
  try {
    return { taskId, state: 'SUCCESS', value: decodeJson(member.slice(at + comma.length, -1), inMember) }
  } catch {
    return undefined
  }
}

function anyOf(member: string): SlotEntry {
  const part = decodeJson(member) as readonly [unknown, string, string, unknown] // a part's, by its key
  return { taskId: part[1], state: part[2], value: part[3] ?? null }
}

export function scoreOf(slot: number): string {
  return Number.isFinite(slot) ? String(slot) : '+inf'
}
