import type { ChangeEvent, ChangeStream, Notifications } from '../../backend/backend.ts'
import type { Key } from '../../backend/value.ts'
import { batches } from '../batches.ts'
import type { Timer, Timers } from './timers.ts'
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

/**
 * The one stream of a `Results`. Opened at the first wait and kept, so that a later wait costs one trip less.
 * One round is under way at a time, and whatever comes meanwhile is one call of the next.
 */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #closing = new AbortController()
  readonly #adding: Set<WaitedId> = new Set()
  readonly #dropping: Set<Key> = new Set()
  #subscribed: Set<Key> = new Set()
  #stream: ChangeStream | undefined
  #pumping: Promise<void> | undefined
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
    return this.#subscribed.has(waited.key)
  }

  drop(waited: WaitedId): void {
    this.#adding.delete(waited)
    if (!this.#subscribed.has(waited.key)) return
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
    this.#closing.abort()
    this.#adding.clear()
    this.#dropping.clear()
    await this.#pumping
    await this.#discard()
  }

  #schedule(): void {
    if (this.#pumping !== undefined || this.#pause !== undefined || this.#closing.signal.aborted) return
    this.#pumping = this.#pump()
  }

  async #pump(): Promise<void> {
    await Promise.resolve() // everything asked for in this tick is one call
    try {
      while (this.#adding.size + this.#dropping.size > 0) {
        this.#stream ??= await this.#options.notifications.open((event) => this.#options.onEvent(event), {
          signal: this.#closing.signal,
        })
        await this.#round(this.#stream)
        if (this.#failures > 0) this.#options.onUp()
        this.#failures = 0
      }
    } catch {
      await this.#fail()
    }
    this.#pumping = undefined
    // Something may have come between the last look and here.
    if (this.#adding.size + this.#dropping.size > 0) this.#schedule()
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
    await Promise.all([
      ...batches(fresh, batchSize).map((batch) => this.#subscribe(stream, batch)),
      ...batches(stale, batchSize).map((keys) => stream.unsubscribe(keys)),
    ])
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

  async #fail(): Promise<void> {
    await this.#discard()
    if (this.#closing.signal.aborted) return
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
