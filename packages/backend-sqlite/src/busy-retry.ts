import { setTimeout as sleep } from 'node:timers/promises'
import { aborted, isBusy, toBackendError } from './errors.ts'

const longestPauseMs = 20

/**
 * Waits before another try, a random time so that processes do not meet again. SQLite's own busy handler would sleep on the
 * event loop, so it is never used.
 */
export async function pause(attempt: number, signal?: AbortSignal): Promise<void> {
  const ceilingMs = Math.min(longestPauseMs, 2 ** attempt)
  await sleep(1 + Math.random() * ceilingMs, undefined, signal && { signal })
}

export interface BusyRetryOptions {
  readonly budgetMs: number
  readonly signal?: AbortSignal | undefined
  /** The file to name in an error, where that helps. */
  readonly path?: string
}

/** Runs `attempt` until nobody else's lock is in its way. */
export async function retryWhileBusy<Answer>(attempt: () => Answer, options: BusyRetryOptions): Promise<Answer> {
  const { budgetMs, signal, path } = options
  const deadline = performance.now() + budgetMs
  for (let tries = 0; ; tries++) {
    if (signal?.aborted === true) throw aborted(signal)
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw toBackendError(error, path)
    }
    await pause(tries, signal).catch(() => undefined) // an abort is told by the next round
  }
}
