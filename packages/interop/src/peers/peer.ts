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
