import { BackendError } from '../../backend/backend-error.ts'
import type { TaskMeta } from '../../wire/task-meta.ts'
import { AbortListeners } from './abort-listeners.ts'
import { Arrivals } from './arrivals.ts'
import { BulkReader } from './bulk-reader.ts'
import { Deadlines } from './deadlines.ts'
import { Feed } from './feed.ts'
import { SingleReads } from './single-reads.ts'
import { type Scheduler, systemScheduler } from '../../store/scheduler.ts'
import { Timers } from '../../store/timers.ts'
import { WaitedId, type WaitedIdHooks } from './waited-id.ts'
import { type Sink, Waiter, type WaiterHoldings, type WaiterLimits } from './waiter.ts'
import type { WaitingSource } from './waiting-source.ts'

export type { Snapshot, WaitingSource } from './waiting-source.ts'

export interface WaitOptions {
  /** 0 reads once; `Infinity` waits without limit. Default: the result expiry, one day where there is none. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface WaitingOptions {
  readonly defaultTimeoutMs: number
  /** How often, about, everything waited for is read although nothing told of a change. Default: 30,000. */
  readonly safetyReadMs?: number | undefined
  /** The longest pause between two polls. Default: 500. */
  readonly pollCeilingMs?: number | undefined
  readonly scheduler?: Scheduler | undefined
}

/** What is held at the moment. All zero when nobody waits. */
export interface WaitingCounts {
  readonly waiters: number
  readonly ids: number
  readonly subscriptions: number
  readonly timers: number
}

/**
 * Everybody in this process who waits for a task: one registry, one stream or one poller, one timer for all timeouts.
 *
 * Every wait ends: with the document, or with a `BackendError` of code `timeout`, `aborted`, `not-found` (removed after it
 * was seen), `expired` (the same past its expiry), `disposed`, or that of a document that cannot be read. A read that
 * fails for another reason is tried again and ends no wait.
 */
export class Waiting {
  readonly #source: WaitingSource
  readonly #defaultTimeoutMs: number
  readonly #timers: Timers
  readonly #holdings: WaiterHoldings
  readonly #hooks: WaitedIdHooks
  readonly #waited: Map<string, WaitedId> = new Map()
  readonly #reader: BulkReader
  readonly #singleReads: SingleReads
  readonly #feed: Feed
  #waiters = 0
  #closed: Promise<void> | undefined

  constructor(source: WaitingSource, options: WaitingOptions) {
    this.#source = source
    this.#defaultTimeoutMs = options.defaultTimeoutMs
    this.#timers = new Timers(options.scheduler ?? systemScheduler)
    this.#holdings = {
      deadlines: new Deadlines(this.#timers),
      abortListeners: new AbortListeners(),
      ended: (waiter) => this.#ended(waiter),
    }
    this.#hooks = {
      wallClock: () => this.#timers.scheduler.wallClock(),
      progressed: () => this.#feed.progressed(),
      deserted: (waited) => this.#deserted(waited),
    }
    this.#reader = new BulkReader(source, this.#timers)
    this.#singleReads = new SingleReads(source, this.#reader)
    this.#feed = new Feed({
      source,
      reader: this.#reader,
      timers: this.#timers,
      waited: this.#waited,
      safetyReadMs: options.safetyReadMs ?? 30_000,
      pollCeilingMs: options.pollCeilingMs ?? 500,
    })
  }

  get counts(): WaitingCounts {
    return {
      waiters: this.#waiters,
      ids: this.#waited.size,
      subscriptions: this.#feed.subscriptions,
      timers: this.#timers.count,
    }
  }

  /** Resolves to the first document in a ready state, also to that of a task that failed. */
  untilReady(id: string, options: WaitOptions = {}): Promise<TaskMeta> {
    return new Promise((resolve, reject) => void this.#begin([id], new Ending(resolve, reject), this.#limits(options)))
  }

  /**
   * Yields every state and progress that is seen, ends after a ready one. Changes that come faster than they are taken
   * are left out, never the last. Nothing is held before the first `next()`.
   */
  watch(id: string, options: WaitOptions = {}): AsyncIterable<TaskMeta> {
    return this.#iterate([id], options, true)
  }

  /** Yields the document of each id once, in the order in which they become ready. Rejects when one of the waits fails. */
  asCompleted(ids: readonly string[], options: WaitOptions = {}): AsyncIterable<TaskMeta> {
    return this.#iterate([...new Set(ids)], options, false)
  }

  /** This process stored the document: whoever waits for it here need not ask the store. */
  stored(id: string, meta: TaskMeta): void {
    this.#waited.get(id)?.observe(meta)
  }

  /** This process removed the document. */
  forgotten(id: string): void {
    this.#waited.get(id)?.fail(() => new BackendError('not-found', `the result of task ${id} was forgotten`))
  }

  /** Ends every wait with `disposed`. */
  close(): Promise<void> {
    this.#closed ??= this.#feed.close()
    for (const waited of this.#waited.values()) waited.fail(disposed)
    this.#singleReads.fail(disposed)
    this.#reader.close()
    return this.#closed
  }

  #limits({ timeoutMs = this.#defaultTimeoutMs, signal }: WaitOptions): WaiterLimits {
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0))
      throw new TypeError(`timeoutMs must be a number of at least 0, not ${String(timeoutMs)}`)
    return { timeoutMs, signal }
  }

  #iterate(ids: readonly string[], options: WaitOptions, everyState: boolean): AsyncIterable<TaskMeta> {
    const limits = this.#limits(options)
    const start = (sink: Sink): (() => void) => {
      const waiter = this.#begin(ids, sink, limits)
      return () => waiter?.end()
    }
    return { [Symbol.asyncIterator]: () => new Arrivals({ start, readyCount: ids.length, everyState }) }
  }

  /** `undefined` when the wait was refused, which the sink has been told. */
  #begin(ids: readonly string[], sink: Sink, limits: WaiterLimits): Waiter | undefined {
    const keys = ids.map((id) => this.#source.keyOf(id))
    const refusal = this.#refusal(limits.signal)
    if (refusal !== undefined) {
      sink.failed(refusal)
      return undefined
    }
    const waiter = new Waiter(ids, sink, limits, this.#holdings)
    this.#waiters += 1
    if (limits.timeoutMs === 0) this.#singleReads.read(waiter)
    // Not by entries(), which makes objects for each of many waits.
    else for (let at = 0; at < ids.length; at += 1) this.#join(ids[at] ?? '', keys[at] ?? '', waiter)
    return waiter
  }

  #refusal(signal: AbortSignal | undefined): BackendError | undefined {
    if (this.#closed !== undefined) return disposed()
    if (signal?.aborted !== true) return undefined
    return new BackendError('aborted', 'the wait was aborted before it began', { cause: signal.reason })
  }

  #join(id: string, key: string, waiter: Waiter): void {
    const known = this.#waited.get(id)
    const waited = known ?? new WaitedId(id, key, this.#hooks)
    if (known === undefined) this.#waited.set(id, waited)
    waited.join(waiter)
    this.#feed.joined(waited, known === undefined)
  }

  #deserted(waited: WaitedId): void {
    this.#waited.delete(waited.id)
    this.#feed.left(waited)
  }

  #ended(waiter: Waiter): void {
    this.#waiters -= 1
    for (const id of waiter.ids) this.#waited.get(id)?.leave(waiter)
  }
}

/** Nothing but how a wait ends. */
class Ending implements Sink {
  readonly failed: (error: BackendError) => void
  readonly #resolve: (meta: TaskMeta) => void

  constructor(resolve: (meta: TaskMeta) => void, reject: (error: BackendError) => void) {
    this.#resolve = resolve
    this.failed = reject
  }

  seen(meta: TaskMeta, isReady: boolean): void {
    if (isReady) this.#resolve(meta)
  }
}

function disposed(): BackendError {
  return new BackendError('disposed', 'the results were closed while they were waited for')
}
