import { unreadable } from './unreadable.ts'

/** A task's result or a group of them, as it stands in the tuples that Celery stores. */
export interface ResultNode {
  readonly id: string
  readonly parent?: ResultNode
  /** Present, even when empty, for a group. */
  readonly members?: readonly ResultNode[]
}

/** The ids of the tasks in a node, in their order, however they are grouped. */
export function taskIdsOf({ id, members }: ResultNode): readonly string[] {
  return members === undefined ? [id] : members.flatMap(taskIdsOf)
}

/** Celery's `[[id, parent], nodes]`; `nodes` is null for a task. */
export function encodeResultTuple(node: ResultNode): unknown {
  const parent = node.parent === undefined ? null : encodeResultTuple(node.parent)
  return [[node.id, parent], node.members === undefined ? null : node.members.map(encodeResultTuple)]
}

/** Reads `[[id, parent], nodes]`; a bare id may stand for `[id, parent]`, as Celery's own reader allows. */
export function decodeResultTuple(data: unknown): ResultNode {
  if (!Array.isArray(data) || data.length !== 2) throw unreadable('A result tuple must be a list of two')
  const [head, nodes] = data as [unknown, unknown] // the length was checked above
  if (nodes !== null && !Array.isArray(nodes)) throw unreadable('The members of a result tuple must be a list or null')
  return { ...decodeHead(head), ...(nodes === null ? {} : { members: nodes.map(decodeResultTuple) }) }
}

function decodeHead(head: unknown): ResultNode {
  if (typeof head === 'string' && head !== '') return { id: head }
  if (!Array.isArray(head) || head.length !== 2) throw unreadable('A result tuple must begin with [id, parent]')
  const [id, parent] = head as [unknown, unknown] // the length was checked above
  if (typeof id !== 'string' || id === '') throw unreadable('The id in a result tuple must be text')
  return isFalsy(parent) ? { id } : { id, parent: decodeResultTuple(parent) }
}

// Python's idea of it: an empty list stands for "no parent" too.
function isFalsy(parent: unknown): boolean {
  return !parent || (Array.isArray(parent) && parent.length === 0)
}
