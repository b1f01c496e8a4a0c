import type { ChangeEvent } from '../../backend/backend.ts'
import type { BulkReader } from './bulk-reader.ts'
import { Poller } from './poller.ts'
import { Subscriber } from './subscriber.ts'
import type { Timer, Timers } from '../../store/timers.ts'
import type { WaitedId } from './waited-id.ts'
import type { WaitingSource } from './waiting-source.ts'

export interface FeedOptions {
  readonly source: WaitingSource
  readonly reader: BulkReader
  readonly timers: Timers
  readonly waited: ReadonlyMap<string, WaitedId>
  readonly safetyReadMs: number
  readonly pollCeilingMs: number
}

/** Used where a store does not say what is useful. */
const defaultPollFloorMs = 5

/** So long the first look may keep an id from being subscribed. */
const patienceMs = 500

/** Learns of changes: from notifications where the store has them, by polling where it has none or while they fail. */
export class Feed {
  readonly #options: FeedOptions
  readonly #poller: Poller
  readonly #subscriber: Subscriber | undefined
  #fresh: WaitedId[] = []
  #isDown = false
  #looks = 0
  #patience: Timer | undefined
  #safetyRead: Timer | undefined

  constructor(options: FeedOptions) {
    this.#options = options
    this.#poller = this.#newPoller()
    this.#subscriber = this.#newSubscriber()
  }

  get subscriptions(): number {
    return this.#subscriber?.subscriptions ?? 0
  }

  /** Somebody waits for this id, as the `isFirst` or as one more. Every one of them gets a read that begins from now on. */
  joined(waited: WaitedId, isFirst: boolean): void {
    const { reader } = this.#options
    if (this.#subscriber === undefined || this.#isDown) {
      if (isFirst) this.#subscriber?.add(waited)
      reader.want(waited)
      this.#poller.start()
      this.#poller.hasten()
    } else if (!this.#subscriber.has(waited)) {
      if (isFirst) this.#lookFirst(waited, this.#subscriber)
    } else if (isFirst) this.#subscriber.add(waited)
    else reader.want(waited)
    if (this.#subscriber !== undefined) this.#armSafetyRead()
  }

  left(waited: WaitedId): void {
    this.#subscriber?.drop(waited)
    if (this.#options.waited.size > 0) return
    this.#poller.stop()
    this.#subscriber?.rest()
    this.#safetyRead?.cancel()
    this.#safetyRead = undefined
    this.#loseNoPatience()
    this.#options.reader.rest()
  }

  progressed(): void {
    this.#poller.hasten()
  }

  async close(): Promise<void> {
    await this.#subscriber?.close()
  }

  /** What is stored already costs one read, and no subscription. */
  #lookFirst(waited: WaitedId, subscriber: Subscriber): void {
    this.#fresh.push(waited)
    if (this.#fresh.length === 1) queueMicrotask(() => void this.#look(subscriber))
  }

  async #look(subscriber: Subscriber): Promise<void> {
    const fresh = this.#fresh.filter((waited) => waited.isWanted)
    this.#fresh = []
    if (fresh.length === 0) return
    this.#looks += 1
    // A read that hangs must not keep anybody from hearing of a change.
    this.#patience ??= this.#options.timers.after(patienceMs, () => {
      this.#patience = undefined
      subscribe(subscriber, this.#options.waited.values())
    })
    await this.#options.reader.readAll(fresh)
    this.#looks -= 1
    if (this.#looks === 0) this.#loseNoPatience()
    subscribe(subscriber, fresh)
  }

  #loseNoPatience(): void {
    this.#patience?.cancel()
    this.#patience = undefined
  }

  #readAll(): void {
    for (const waited of this.#options.waited.values()) this.#options.reader.want(waited)
  }

  /** Heals whatever the store's notifications lose. */
  #armSafetyRead(): void {
    const { timers, safetyReadMs } = this.#options
    this.#safetyRead ??= timers.after(timers.jittered(safetyReadMs), () => {
      this.#safetyRead = undefined
      this.#readAll()
      this.#armSafetyRead()
    })
  }

  #onEvent(event: ChangeEvent): void {
    if (event.type === 'gap') {
      this.#readAll()
      return
    }
    const { source, waited, reader } = this.#options
    const id = source.idOf(event.key)
    const target = id === undefined ? undefined : waited.get(id)
    if (target === undefined) return
    const meta = event.value === undefined ? undefined : source.decode(target.id, event.value)
    if (meta === undefined) reader.want(target)
    else target.observe(meta)
  }

  #newPoller(): Poller {
    const { source, reader, timers, waited, safetyReadMs, pollCeilingMs } = this.#options
    const { limits, revision } = source.backend
    const floorMs = limits.pollFloorMs > 0 ? limits.pollFloorMs : defaultPollFloorMs
    return new Poller({
      reader,
      timers,
      revision,
      floorMs,
      targets: () => [...waited.values()],
      ceilingMs: Math.max(pollCeilingMs, floorMs),
      fullReadMs: safetyReadMs,
    })
  }

  #newSubscriber(): Subscriber | undefined {
    const { source, reader, timers, waited } = this.#options
    const { notifications, limits } = source.backend
    if (notifications === undefined) return undefined
    return new Subscriber({
      notifications,
      timers,
      batchSize: limits.maxBatchKeys,
      waited: () => waited.values(),
      onEvent: (event) => this.#onEvent(event),
      onAcknowledged: (waited) => reader.want(waited),
      onDown: () => {
        this.#isDown = true
        this.#readAll()
        this.#poller.start()
      },
      onUp: () => {
        this.#isDown = false
        this.#poller.stop()
      },
    })
  }
}

function subscribe(subscriber: Subscriber, waited: Iterable<WaitedId>): void {
  for (const each of waited) if (each.isWanted && !subscriber.has(each)) subscriber.add(each)
}
