import { TaskError, type TaskMeta, TaskRevokedError } from '@arpeggio/core'
import { createClient } from 'celery-node'
import type { Place } from '../matrix.ts'
import type { NodeSide } from '../node-side.ts'
import { none, redisUrl } from './peer.ts'

/** celery-node as the Node side: what its client and its worker do with results. */
export function openCeleryNode({ store, brokerUrl, queue }: Place): NodeSide {
  const client = createClient(brokerUrl, redisUrl(store), queue)
  const stores = (id: string, result: unknown, state: string): Promise<unknown> =>
    client.backend.storeResult(id, result, state)
  return {
    ...none('celery-node'),
    storeResult: async (id, result, state) => {
      await stores(id, result, state)
      return { written: true, result }
    },
    updateState: async (id, state, meta) => void (await stores(id, meta, state)),
    markAsDone: async (id, result) => void (await stores(id, result, 'SUCCESS')),
    markAsFailure: async (id, error) => void (await stores(id, error, 'FAILURE')),
    getTaskMeta: async (id) => metaOf(id, (await client.backend.getTaskMeta(id)) as Document | null),
    waitFor: async (id, options) => {
      try {
        return metaOf(id, {
          status: 'SUCCESS',
          result: await client.asyncResult(id).get(options?.timeoutMs ?? 10_000, 50),
        })
      } catch (error) {
        throw failureOf(error)
      }
    },
    close: async () => {
      await client.disconnect()
    },
  }
}

/** What it parsed. */
type Document = Readonly<Record<string, unknown>>

/** Its document as ours has it, unread as it leaves it. */
function metaOf(taskId: string, document: Document | null): TaskMeta {
  const { status = 'PENDING', result = null, traceback = null, children = null, ...others } = document ?? {}
  return { taskId, status, result, traceback, children, ...others } as TaskMeta // whatever it is, the cases look at it
}

/** Its error carries the fields of the stored one, which is as good as ours where they are right. */
function failureOf(error: unknown): unknown {
  const { exc_type: excType, exc_module: excModule, exc_message: excArgs } = error as Document
  if (typeof excType !== 'string') return error
  const details = { excType, excModule: String(excModule), excArgs: Array.isArray(excArgs) ? excArgs : [excArgs] }
  return excType === 'TaskRevokedError' ? new TaskRevokedError(details) : new TaskError(details)
}
