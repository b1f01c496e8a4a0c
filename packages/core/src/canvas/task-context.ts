import type { TaskRequest } from '../wire/task-request.ts'

/** What a running task may know and do about itself: the first parameter of a task with `bind: true`. */
export interface TaskContext {
  readonly request: TaskRequest
  /** Aborted when whoever runs the task no longer waits for it. */
  readonly signal: AbortSignal
  /** Stores a state of the task's own, such as `PROGRESS`. */
  updateState(state: string, meta: unknown): Promise<void>
  /** Ends this run and asks for another. Throws `Retry`, or the `error` itself when all retries are used. */
  retry(options?: RetryOptions): never
}

export interface RetryOptions {
  /** Why. It is stored with the state RETRY, and is the task's failure when all retries are used. */
  readonly error?: unknown
  /** Default: the task's `retryDelaySeconds`. */
  readonly countdownSeconds?: number
  /** Default: the task's `maxRetries`. */
  readonly maxRetries?: number | null
}
