import { createBackend } from 'celery-ts'
import type { Place } from '../matrix.ts'
import type { NodeSide } from '../node-side.ts'
import { metaOf, none, redisUrl } from './peer.ts'

/** celery-ts as the Node side. It has no worker, so that its writing is what its backend's `put` is told. */
export function openCeleryTs({ store }: Place): NodeSide {
  const backend = createBackend('interop', redisUrl(store))
  const put = (id: string, result: unknown, status: string): Promise<unknown> =>
    backend.put({
      task_id: id,
      status,
      result,
      traceback: null,
      children: [],
      date_done: new Date().toISOString(),
    } as never) // its type lacks states of one's own
  return {
    ...none('celery-ts'),
    storeResult: async (id, result, state) => {
      await put(id, result, state)
      return { written: true, result }
    },
    updateState: async (id, state, meta) => void (await put(id, meta, state)),
    markAsDone: async (id, result) => void (await put(id, result, 'SUCCESS')),
    waitFor: async (id, options) => {
      const message = await backend.get({ taskId: id, timeout: options?.timeoutMs ?? 10_000 })
      return metaOf(id, { ...message })
    },
    forget: async (id) => void (await backend.delete(id)),
    close: () => backend.end(),
  }
}
