import { Keys, Results, type ResultsOptions, type Backend, type TaskMeta, wrap } from '@arpeggio/core'

/** `Results` over a backend that others go on using: its end does not end the backend. */
export function resultsOver(backend: Backend, prefix: string, options: Partial<ResultsOptions> = {}): Results {
  const borrowed = wrap(backend, { [Symbol.asyncDispose]: async () => undefined })
  return new Results({ baseSleepMs: 1, maxSleepMs: 50, ...options, backend: borrowed, globalKeyprefix: prefix })
}

/** The key of a task's document. */
export function documentKey(prefix: string, id: string): string {
  return new Keys({ globalKeyprefix: prefix }).task(id)
}

/** Reports `state` for a task as a worker would. */
export async function report(results: Results, id: string, state: string, note: unknown = null): Promise<void> {
  switch (state) {
    case 'STARTED':
      await results.markAsStarted(id, note)
      return
    case 'SUCCESS':
      await results.markAsDone(id, note)
      return
    case 'FAILURE':
      await results.markAsFailure(id, new Error(String(note)))
      return
    case 'RETRY':
      await results.markAsRetry(id, new Error(String(note)))
      return
    case 'REVOKED':
      await results.markAsRevoked(id, String(note))
      return
    default:
      await results.updateState(id, state, note)
  }
}

/** What a report left: the note, whichever way the state carries it. */
export function noteOf(meta: TaskMeta): unknown {
  return meta.result instanceof Error ? meta.result.message : meta.result
}
