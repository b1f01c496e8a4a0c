import { BackendError } from '../../backend/backend-error.ts'
import type { Version } from '../../backend/value.ts'
import type { TaskMeta } from '../../wire/task-meta.ts'
import type { AbortListeners } from './abort-listeners.ts'
import type { Deadline, Deadlines, Expiring } from './deadlines.ts'

/** Where a waiter's news goes. Nothing arrives after `failed`, nor after all of its ids were ready. */
export interface Sink {
  seen(meta: TaskMeta, isReady: boolean, version: Version | undefined): void
  failed(error: BackendError): void
}

export interface WaiterLimits {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** What waiters hold of the process, released with the last of them. */
export interface WaiterHoldings {
  readonly deadlines: Deadlines
  readonly abortListeners: AbortListeners
  /** Called once, when the waiter is over for whatever reason. */
  ended(waiter: Waiter): void
}

/** One wait for one id or many, with one deadline and one signal. */
export class Waiter implements Expiring {
  readonly ids: readonly string[]
  /** Why the latest read failed, the cause of a timeout. */
  lastError: unknown
  readonly #sink: Sink
  readonly #limits: WaiterLimits
  readonly #holdings: WaiterHoldings
  #deadline: Deadline | undefined
  #onAbort: (() => void) | undefined
  #missing: number
  #isOver = false

  constructor(ids: readonly string[], sink: Sink, limits: WaiterLimits, holdings: WaiterHoldings) {
    this.ids = ids
    this.#sink = sink
    this.#limits = limits
    this.#holdings = holdings
    this.#missing = ids.length
    const { signal, timeoutMs } = limits
    if (signal !== undefined) {
      this.#onAbort = () => this.fail(new BackendError('aborted', 'the wait was aborted', { cause: signal.reason }))
      holdings.abortListeners.add(signal, this.#onAbort)
    }
    // 0 means one read, however long it takes; whoever reads ends the wait.
    if (timeoutMs > 0 && timeoutMs < Infinity) this.#deadline = holdings.deadlines.add(timeoutMs, this)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  see(meta: TaskMeta, isReady: boolean, version?: Version): void {
    if (this.#isOver) return
    if (isReady) this.#missing -= 1
    if (this.#missing === 0) this.end()
    this.#sink.seen(meta, isReady, version)
  }

  fail(error: BackendError): void {
    if (this.#isOver) return
    this.end()
    this.#sink.failed(error)
  }

  expire(): void {
    const whom = this.ids.length === 1 ? `task ${this.ids[0]}` : `${this.#missing} of ${this.ids.length} tasks`
    const options = this.lastError === undefined ? {} : { cause: this.lastError }
    this.fail(new BackendError('timeout', `${whom} not ready within ${this.#limits.timeoutMs} ms`, options))
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#deadline !== undefined) this.#holdings.deadlines.remove(this.#deadline)
    const { signal } = this.#limits
    if (signal !== undefined && this.#onAbort !== undefined) this.#holdings.abortListeners.remove(signal, this.#onAbort)
    this.#holdings.ended(this)
  }
}
