import type { ChangeEvent, ChangeStream, Notifications } from '../../backend/backend.ts'
import type { Key } from '../../backend/value.ts'
import { batches } from '../../store/batches.ts'
import type { Timer, Timers } from '../../store/timers.ts'
import type { WaitedId } from './waited-id.ts'

export interface SubscriberOptions {
  readonly notifications: Notifications
  readonly timers: Timers
  readonly batchSize: number
  /** Everything waited for, subscribed or not. */
  readonly waited: () => Iterable<WaitedId>
  readonly onEvent: (event: ChangeEvent) => void
  /** The store has acknowledged: from now on every change leads to an event, so this is the time to read. */
  readonly onAcknowledged: (waited: WaitedId) => void
  readonly onDown: () => void
  readonly onUp: () => void
}

const firstPauseMs = 50
const longestPauseMs = 10_000
const longestAnswerMs = 10_000

/**
 * The one stream of a `Results`. Opened at the first wait and kept, so that a later wait costs one trip less.
 * One round is under way at a time, and whatever comes meanwhile is one call of the next.
 */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #adding: Set<WaitedId> = new Set()
  readonly #dropping: Set<Key> = new Set()
  #subscribed: Set<Key> = new Set()
  #stream: ChangeStream | undefined
  #pumping: Promise<void> | undefined
  #opening: Promise<void> | undefined
  #attempt: AbortController | undefined
  /** Ends the call that is under way. */
  #giveUp: (() => void) | undefined
  #isClosed = false
  #isDropDue = false
  #failures = 0
  #pause: Timer | undefined

  constructor(options: SubscriberOptions) {
    this.#options = options
  }

  get subscriptions(): number {
    return this.#subscribed.size
  }

  add(waited: WaitedId): void {
    this.#adding.add(waited)
    this.#schedule()
  }

  /** Whether changes of this id lead to events already. */
  has(waited: WaitedId): boolean {
    return this.#subscribed.size > 0 && this.#subscribed.has(waited.key)
  }

  drop(waited: WaitedId): void {
    this.#adding.delete(waited)
    if (!this.has(waited)) return
    this.#dropping.add(waited.key)
    if (this.#isDropDue) return
    // Giving up is not urgent, and results that arrive together are given up together.
    this.#isDropDue = true
    setImmediate(() => {
      this.#isDropDue = false
      if (this.#dropping.size > 0) this.#schedule()
    })
  }

  /** Nobody waits: no attempt is due before somebody does. */
  rest(): void {
    this.#pause?.cancel()
    this.#pause = undefined
  }

  async close(): Promise<void> {
    this.rest()
    this.#isClosed = true
    this.#adding.clear()
    this.#dropping.clear()
    this.#giveUp?.()
    await Promise.allSettled([this.#discard(), this.#inTime(this.#opening)])
  }

  #schedule(): void {
    if (this.#pumping !== undefined || this.#pause !== undefined || this.#isClosed) return
    this.#pumping = this.#pump()
  }

  async #pump(): Promise<void> {
    await Promise.resolve() // everything asked for in this tick is one call
    try {
      while (this.#adding.size + this.#dropping.size > 0) {
        if (this.#stream === undefined) {
          await this.#open()
        }
        if (this.#stream !== undefined) await this.#round(this.#stream)
        if (this.#failures > 0) this.#options.onUp()
        this.#failures = 0
      }
    } catch {
      this.#fail()
    }
    this.#pumping = undefined
    // Something may have come between the last look and here.
    if (this.#adding.size + this.#dropping.size > 0) this.#schedule()
  }

  async #open(): Promise<void> {
    const attempt = new AbortController()
    this.#attempt = attempt
    const { notifications, onEvent } = this.#options
    this.#opening = this.#adopt(notifications.open(onEvent, { signal: attempt.signal }), attempt.signal)
    await this.#inTime(this.#opening)
  }

  async #adopt(opening: Promise<ChangeStream>, signal: AbortSignal): Promise<void> {
    const stream = await opening
    if (signal.aborted) await stream[Symbol.asyncDispose]()
    else this.#stream = stream
  }

  /** A connection that is dead without a sign would otherwise keep everybody from being read. */
  async #inTime(answer: Promise<unknown> | undefined): Promise<void> {
    let timer: Timer | undefined
    const overdue = new Promise<never>((_resolve, reject) => {
      this.#giveUp = () => reject(new Error('the stream does not answer'))
      timer = this.#options.timers.after(longestAnswerMs, this.#giveUp)
    })
    try {
      await Promise.race([answer, overdue])
    } finally {
      timer?.cancel()
    }
  }

  async #round(stream: ChangeStream): Promise<void> {
    const fresh: WaitedId[] = []
    for (const waited of this.#adding) {
      if (!waited.isWanted) continue
      if (!this.#subscribed.has(waited.key)) fresh.push(waited)
      else {
        // Somebody came back before the subscription was given up.
        this.#dropping.delete(waited.key)
        this.#options.onAcknowledged(waited)
      }
    }
    const stale = [...this.#dropping]
    this.#adding.clear()
    this.#dropping.clear()
    for (const key of stale) this.#subscribed.delete(key)
    const { batchSize } = this.#options
    const calls = [
      ...batches(fresh, batchSize).map((batch) => this.#subscribe(stream, batch)),
      ...batches(stale, batchSize).map((keys) => stream.unsubscribe(keys)),
    ]
    if (calls.length > 0) await this.#inTime(Promise.all(calls))
  }

  async #subscribe(stream: ChangeStream, batch: readonly WaitedId[]): Promise<void> {
    await stream.subscribe(batch.map((waited) => waited.key))
    if (this.#stream !== stream) return
    for (const waited of batch) {
      this.#subscribed.add(waited.key)
      if (waited.isWanted) this.#options.onAcknowledged(waited)
      else this.#dropping.add(waited.key)
    }
  }

  #fail(): void {
    void this.#discard() // a stream that fails may also take its time to end
    if (this.#isClosed) return
    this.#adding.clear()
    for (const waited of this.#options.waited()) this.#adding.add(waited)
    if (this.#adding.size === 0) return
    this.#options.onDown()
    const pauseMs = Math.min(firstPauseMs * 2 ** this.#failures, longestPauseMs)
    this.#failures += 1
    this.#pause = this.#options.timers.after(this.#options.timers.jittered(pauseMs), () => {
      this.#pause = undefined
      this.#schedule()
    })
  }

  async #discard(): Promise<void> {
    const stream = this.#stream
    this.#attempt?.abort()
    this.#stream = undefined
    this.#subscribed = new Set()
    this.#dropping.clear()
    try {
      await stream?.[Symbol.asyncDispose]()
    } catch {
      // It is given up because it fails; how it fails to end tells nothing more.
    }
  }
}
