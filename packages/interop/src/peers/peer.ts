import { decodeResultTuple, TaskError, type TaskMeta, TaskRevokedError } from '@arpeggio/core'
import type { NodeSide } from '../node-side.ts'
import type { RunningStore } from '../store-row.ts'

/** A client that we compare with has nothing of the kind. */
export class HasNone extends Error {
  override readonly name = 'HasNone'
}

/** Every operation as one that the client does not have. */
export function none(client: string): NodeSide {
  const missing = (operation: string) => () => {
    throw new HasNone(`${client} has no ${operation}`)
  }
  return {
    apply: missing('apply'),
    storeResult: missing('storeResult'),
    updateState: missing('updateState'),
    markAsStarted: missing('markAsStarted'),
    markAsDone: missing('markAsDone'),
    markAsFailure: missing('markAsFailure'),
    markAsRetry: missing('markAsRetry'),
    markAsRevoked: missing('markAsRevoked'),
    getTaskMeta: missing('getTaskMeta'),
    waitFor: missing('waitFor'),
    watch: missing('watch'),
    asCompleted: missing('asCompleted'),
    exists: missing('exists'),
    forget: missing('forget'),
    saveGroup: missing('saveGroup'),
    restoreGroup: missing('restoreGroup'),
    deleteGroup: missing('deleteGroup'),
    close: missing('close'),
  }
}

/** Both know no store but Redis. */
export function redisUrl(store: RunningStore): string {
  return String(store.celery['result_backend'])
}

type Document = Readonly<Record<string, unknown>>

/** A document as these clients hand it out, under our names: their users would read the same of it. */
export function metaOf(taskId: string, document: Document): TaskMeta {
  const { status = 'PENDING', result = null, traceback = null, children, date_done: done, ...others } = document
  const { group_id: groupId, parent_id: parentId, stamped_headers: stamped } = document
  const stamps = Array.isArray(stamped)
    ? { stamps: Object.fromEntries(stamped.map((name) => [name, document[name]])) }
    : {}
  const meta = {
    ...others,
    ...stamps,
    taskId,
    status,
    result: failureOf(result),
    traceback,
    children: Array.isArray(children) ? children.map(decodeResultTuple) : null,
    groupId,
    parentId,
    dateDone: typeof done === 'string' ? new Date(done) : undefined,
  }
  return meta as TaskMeta // whatever it is, the cases look at it
}

/** An error, or a result, with the fields of a stored exception is as good as ours. Anything else stays what it is. */
export function failureOf(found: unknown): unknown {
  const { exc_type: excType, exc_module: excModule, exc_message: excArgs } = Object(found) as Document
  if (typeof excType !== 'string') return found
  const details = { excType, excModule: String(excModule), excArgs: Array.isArray(excArgs) ? excArgs : [excArgs] }
  return excType === 'TaskRevokedError' ? new TaskRevokedError(details) : new TaskError(details)
}
