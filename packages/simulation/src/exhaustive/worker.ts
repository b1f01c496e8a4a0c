import { parentPort, workerData } from 'node:worker_threads'
import { explore, type Explored } from './explore.ts'
import { scoped } from './scoped.ts'
import { scopes } from './scopes.ts'

Error.stackTraceLimit = 0

const { index, limit } = workerData as { readonly index: number; readonly limit: number } // what the command passes
const scope = scopes[index]
if (scope === undefined) throw new RangeError(`there is no scope ${index}`)

const explored = await explore(scoped(scope), { bounds: scope.bounds, limit, onProgress: report })
report({ ...explored, isOver: true })

function report(soFar: Explored & { readonly isOver?: boolean }): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  parentPort?.postMessage(soFar)
}
