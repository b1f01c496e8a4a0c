import { beginsWith } from './begins-with.ts'
import { parseIsoFormat } from './iso-format.ts'
import { decodeJson } from './json.ts'
import type { TaskMeta } from './task-meta.ts'

/** What stands around the values of a success without extended fields, in the order in which Celery writes them. */
interface Layout {
  /** Up to the result. */
  readonly head: string
  /** From the result to the date. */
  readonly tail: string
  /** Nobody can know what the task spawned; otherwise it spawned nothing. */
  readonly isUntracked: boolean
  /** Before the ids that a document may have, in their order. */
  readonly parents: readonly (readonly ['groupId' | 'parentId', string])[]
  readonly id: string
}

function layoutOf(comma: string, colon: string, isUntracked: boolean): Layout {
  return {
    head: `{"status"${colon}"SUCCESS"${comma}"result"${colon}`,
    tail: `${comma}"traceback"${colon}null${comma}"children"${colon}${isUntracked ? 'null' : '[]'}${comma}"date_done"${colon}"`,
    isUntracked,
    parents: [
      ['groupId', `${comma}"group_id"${colon}"`],
      ['parentId', `${comma}"parent_id"${colon}"`],
    ],
    id: `${comma}"task_id"${colon}"`,
  }
}

/** As this package writes it, and as Python does. */
const layouts = [
  layoutOf(',', ':', false),
  layoutOf(',', ':', true),
  layoutOf(', ', ': ', false),
  layoutOf(', ', ': ', true),
] as const

/** What is read together often comes from one writer. */
let latest: Layout = layouts[0]

/**
 * Reads the usual success in less time than `JSON.parse` takes for its document: what stands around the result is only
 * compared. What lies between is the whole result when it is JSON by itself. `undefined` for any other document, and for
 * one that cannot be read: reading it as a whole tells why.
 */
export function decodeSuccess(text: string): TaskMeta | undefined {
  const meta = decodeAs(latest, text)
  if (meta !== undefined) return meta
  for (const layout of layouts) {
    const other = layout === latest ? undefined : decodeAs(layout, text)
    if (other === undefined) continue
    latest = layout
    return other
  }
  return undefined
}

type Success = { -readonly [Member in keyof TaskMeta]: TaskMeta[Member] }

/** The result is one level down in its document. */
const inDocument = { maxDepth: 499 }

function decodeAs(layout: Layout, text: string): Success | undefined {
  const { head, tail, isUntracked } = layout
  const end = beginsWith(text, head) ? text.lastIndexOf(tail) : -1
  if (end === -1) return undefined
  const dateEnd = text.indexOf('"', end + tail.length)
  const dateDone = parseIsoFormat(text.slice(end + tail.length, dateEnd))
  if (dateDone === undefined) return undefined
  const children = isUntracked ? null : []
  const meta: Success = { taskId: '', status: 'SUCCESS', result: null, traceback: null, children, dateDone }
  if (!readIds(meta, layout, text, dateEnd + 1)) return undefined
  try {
    meta.result = decodeJson(text.slice(head.length, end), inDocument)
    return meta
  } catch {
    return undefined
  }
}

/** Whether nothing but ids is left of the text. */
function readIds(meta: Success, layout: Layout, text: string, start: number): boolean {
  const { id } = layout
  let at = start
  if (!isAt(text, at, id)) {
    at = readParents(meta, layout, text, at)
    if (!isAt(text, at, id)) return false
  }
  const end = endOfId(text, at + id.length)
  meta.taskId = text.slice(at + id.length, end)
  return end === text.length - 2 && text.endsWith('}')
}

/** Answers with where they end. */
function readParents(meta: Success, { parents }: Layout, text: string, start: number): number {
  let at = start
  for (const [member, name] of parents) {
    if (!isAt(text, at, name)) continue
    const end = endOfId(text, at + name.length)
    meta[member] = text.slice(at + name.length, end)
    at = end + 1
  }
  return at
}

function isAt(text: string, at: number, part: string): boolean {
  return text.slice(at, at + part.length) === part
}

/** Where the quote is that ends the id; `NaN`, where nothing is, when there is something before it that has to be decoded. */
function endOfId(text: string, start: number): number {
  let at = start
  while (isPlain(text.charCodeAt(at))) at += 1
  return text.charCodeAt(at) === QUOTE ? at : NaN
}

/** Not so beyond the end of the text. */
function isPlain(code: number): boolean {
  return code >= 0x20 && code !== QUOTE && code !== BACKSLASH
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
