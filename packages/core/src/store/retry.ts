import { BackendError } from '../backend/backend-error.ts'
import type { CallOptions } from '../backend/value.ts'
import { type Scheduler, systemScheduler } from './scheduler.ts'

/** How operations that failed are tried again. */
export interface RetryPolicy {
  readonly alwaysRetry: boolean
  readonly maxRetries: number
  readonly baseSleepMs: number
  readonly maxSleepMs: number
}

/** One failed try, as `onConnectionError` gets it. */
export interface ConnectionFailure {
  readonly error: unknown
  /** 1 for the first retry. */
  readonly retry: number
  readonly waitMs: number
}

export interface EnsureOptions extends CallOptions {
  /** Whether trying again is safe when the answer of the first try was lost. Default: true. */
  readonly idempotent?: boolean
}

export interface RetryHooks {
  /** Decides for errors that carry no code. */
  exceptionSafeToRetry(error: unknown): boolean
  /** Told about every retry; may answer with another wait in milliseconds. */
  readonly onConnectionError?: ((failure: ConnectionFailure) => number | void) | undefined
}

/** Tries operations again as the policy says, with full jitter between the tries. */
export class Retry {
  readonly policy: RetryPolicy
  readonly #hooks: RetryHooks
  readonly #scheduler: Scheduler

  constructor(policy: RetryPolicy, hooks: RetryHooks, scheduler: Scheduler = systemScheduler) {
    this.policy = policy
    this.#hooks = hooks
    this.#scheduler = scheduler
  }

  /** Resolves as `operation` does, or rejects with its last error when that may not be retried or the retries are used up. */
  async run<T>(operation: () => Promise<T>, options?: EnsureOptions): Promise<T> {
    for (let retry = 1; ; retry += 1) {
      throwIfAborted(options?.signal)
      try {
        return await operation()
      } catch (error) {
        if (retry > this.policy.maxRetries || !this.#mayRetry(error, options?.idempotent ?? true)) throw error
        await this.pause(this.#waitMs(error, retry), options?.signal)
      }
    }
  }

  /** Waits, or rejects with `aborted` as soon as the signal says so. */
  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return pause(ms, signal, this.#scheduler)
  }

  /** Full jitter: anything from nothing to a bound that doubles with each retry. */
  jitter(policy: Pick<RetryPolicy, 'baseSleepMs' | 'maxSleepMs'>, retry: number): number {
    const bound = Math.min(policy.maxSleepMs, policy.baseSleepMs * 2 ** retry)
    return Math.floor(this.#scheduler.random() * (bound + 1))
  }

  #mayRetry(error: unknown, idempotent: boolean): boolean {
    if (!this.policy.alwaysRetry) return false
    if (!BackendError.is(error)) return this.#hooks.exceptionSafeToRetry(error)
    return error.code === 'unavailable' || (error.code === 'uncertain' && idempotent)
  }

  #waitMs(error: unknown, retry: number): number {
    const waitMs = this.jitter(this.policy, retry)
    try {
      const changed = this.#hooks.onConnectionError?.({ error, retry, waitMs })
      return typeof changed === 'number' && changed >= 0 ? changed : waitMs
    } catch {
      return waitMs // a hook that fails must not fail the operation that it watches
    }
  }
}

function pause(ms: number, signal: AbortSignal | undefined, scheduler: Scheduler): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      scheduler.clearTimeout(timer)
      reject(abortedBy(signal))
    }
    const timer = scheduler.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortedBy(signal)
}

function abortedBy(signal: AbortSignal | undefined): BackendError {
  return new BackendError('aborted', 'the operation was aborted by its caller', { cause: signal?.reason })
}
