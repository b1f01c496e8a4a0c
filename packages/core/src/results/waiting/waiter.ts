import { BackendError } from '../../backend/backend-error.ts'
import type { Stored } from '../../backend/value.ts'
import type { TaskMeta } from '../../wire/task-meta.ts'
import type { AbortListeners } from './abort-listeners.ts'
import type { Deadlines, Expiring } from './deadlines.ts'

/** Where a waiter's news goes. Nothing arrives after `failed`, nor after all of its ids were ready. */
export interface Sink {
  /** `stored` is what the document was read from, where it was read. */
  seen(meta: TaskMeta, isReady: boolean, stored: Stored | undefined): void
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

/**
 * One wait for one id or many, with one deadline and one signal. There may be very many, so that each holds little; and
 * once it is over nothing of its sink, because the deadlines may keep it for a while.
 */
export class Waiter implements Expiring {
  readonly ids: readonly string[]
  readonly deadline: number
  /** Why the latest read failed, the cause of a timeout. */
  lastError: unknown
  readonly #timeoutMs: number
  readonly #holdings: WaiterHoldings
  #sink: Sink | undefined
  #letSignalGo: (() => void) | undefined
  #missing: number

  constructor(ids: readonly string[], sink: Sink, { timeoutMs, signal }: WaiterLimits, holdings: WaiterHoldings) {
    this.ids = ids
    this.#sink = sink
    this.#timeoutMs = timeoutMs
    this.#holdings = holdings
    this.#missing = ids.length
    if (signal !== undefined) this.#letSignalGo = this.#listen(signal)
    // 0 means one read, however long it takes; whoever reads ends the wait.
    this.deadline = timeoutMs === 0 ? Infinity : holdings.deadlines.after(timeoutMs)
    if (this.deadline < Infinity) holdings.deadlines.add(this)
  }

  get isOver(): boolean {
    return this.#sink === undefined
  }

  see(meta: TaskMeta, isReady: boolean, stored?: Stored): void {
    const sink = this.#sink
    if (sink === undefined) return
    if (isReady) this.#missing -= 1
    if (this.#missing === 0) this.end()
    sink.seen(meta, isReady, stored)
  }

  fail(error: BackendError): void {
    const sink = this.#sink
    if (sink === undefined) return
    this.end()
    sink.failed(error)
  }

  expire(): void {
    const whom = this.ids.length === 1 ? `task ${this.ids[0]}` : `${this.#missing} of ${this.ids.length} tasks`
    const options = this.lastError === undefined ? {} : { cause: this.lastError }
    this.fail(new BackendError('timeout', `${whom} not ready within ${this.#timeoutMs} ms`, options))
  }

  end(): void {
    if (this.#sink === undefined) return
    this.#sink = undefined
    if (this.deadline < Infinity) this.#holdings.deadlines.left()
    this.#letSignalGo?.()
    this.#holdings.ended(this)
  }

  #listen(signal: AbortSignal): () => void {
    const { abortListeners } = this.#holdings
    const onAbort = (): void => this.fail(new BackendError('aborted', 'the wait was aborted', { cause: signal.reason }))
    abortListeners.add(signal, onAbort)
    return () => abortListeners.remove(signal, onAbort)
  }
}
