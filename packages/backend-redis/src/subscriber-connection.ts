import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf } from './address.ts'
import { isCluster, type RedisClient } from './client.ts'
import { disposed } from './errors.ts'
import { ShardedSubscriber } from './sharded-subscriber.ts'
import { Subscriber } from './subscriber.ts'

export interface SubscriberConnectionOptions {
  readonly client: RedisClient
  readonly isSharded: boolean
  readonly heartbeatMs: number | undefined
  /** Everything that is to be heard of now. */
  readonly channels: () => readonly string[]
  readonly onMessage: (channel: string, payload: Buffer) => void
  /** The connection was lost, and hears of every channel again. */
  readonly onRestored: () => void
}

/** What lives from one loss of connection to the next. */
type Life = Pick<Subscriber, 'open' | 'subscribe' | 'unsubscribe' | 'end'>

const defaultHeartbeatMs = 5000
const longestPauseMs = 5000

/**
 * A subscriber connection that is made again whenever it is lost. ioredis would do that by itself, but without saying when
 * the channels are whole again, so each of its clients lives for one connection here.
 */
export class SubscriberConnection {
  readonly #options: SubscriberConnectionOptions
  readonly #heartbeatMs: number
  readonly #closing = new AbortController()
  #subscriber: Life | undefined
  #connecting: Promise<Life> | undefined
  #wasWhole = false

  constructor(options: SubscriberConnectionOptions) {
    this.#options = options
    this.#heartbeatMs = options.heartbeatMs ?? defaultHeartbeatMs
  }

  async opened(): Promise<void> {
    await this.#live()
  }

  /** Resolves when the server has acknowledged, if need be on a later connection; rejects when none can be made. */
  async subscribe(channels: readonly string[]): Promise<void> {
    for (;;) {
      const subscriber = await this.#live()
      if (await subscriber.subscribe(channels)) return
    }
  }

  /** A connection that is being made does not take these any more. */
  async unsubscribe(channels: readonly string[]): Promise<void> {
    await this.#subscriber?.unsubscribe(channels)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#subscriber?.end()
    await this.#connecting?.catch(() => undefined)
  }

  #live(): Promise<Life> {
    if (this.#closing.signal.aborted) return Promise.reject(disposed())
    if (this.#subscriber !== undefined) return Promise.resolve(this.#subscriber)
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #connect(): Promise<Life> {
    const { client, isSharded, channels, onMessage, onRestored } = this.#options
    const common = {
      address: addressOf(client),
      heartbeatMs: this.#heartbeatMs,
      onMessage,
      onEnd: () => this.#ended(subscriber),
    }
    const subscriber: Life =
      isSharded && isCluster(client)
        ? new ShardedSubscriber({ ...common, client })
        : new Subscriber({ ...common, client, isSharded: false })
    this.#subscriber = undefined
    const stop = (): void => subscriber.end()
    this.#closing.signal.addEventListener('abort', stop, { once: true })
    try {
      await subscriber.open(channels)
    } finally {
      this.#closing.signal.removeEventListener('abort', stop)
    }
    if (this.#closing.signal.aborted) throw disposed()
    this.#subscriber = subscriber
    if (this.#wasWhole) onRestored()
    this.#wasWhole = true
    return subscriber
  }

  #ended(subscriber: Life): void {
    if (this.#subscriber !== subscriber) return
    this.#subscriber = undefined
    void this.#rebuild()
  }

  async #rebuild(): Promise<void> {
    const { signal } = this.#closing
    for (let failures = 0; this.#subscriber === undefined && !signal.aborted; failures++) {
      const pauseMs = failures === 0 ? 0 : Math.random() * Math.min(longestPauseMs, 25 * 2 ** failures)
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
      await this.#live().catch(() => undefined)
    }
  }
}
