import { createClient } from 'celery-node'
import type { Place } from '../matrix.ts'
import type { NodeSide } from '../node-side.ts'
import { failureOf, metaOf, none, redisUrl } from './peer.ts'

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
    getTaskMeta: async (id) => metaOf(id, { ...(await client.backend.getTaskMeta(id)) }),
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
