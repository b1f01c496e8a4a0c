import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

const PAUSE_MS = 10

/** Retries `probe` until it passes; rejects with its last failure when that takes longer than `withinMs`. */
export async function eventually(withinMs: number, probe: () => void | Promise<void>): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    try {
      await probe()
      return
    } catch (error) {
      if (performance.now() >= deadline) throw error
    }
    await delay(PAUSE_MS)
  }
}

/** Rejects when `promise` has not settled after `withinMs`, so that a case that hangs says where. */
export async function within<T>(withinMs: number, what: string, promise: Promise<T>): Promise<T> {
  const timer = new AbortController()
  const overdue = delay(withinMs, undefined, { signal: timer.signal }).then(
    () => Promise.reject(new Error(`${what} took longer than ${withinMs} ms`)),
    () => promise,
  )
  try {
    return await Promise.race([promise, overdue])
  } finally {
    timer.abort()
  }
}
