import type { CallOptions, ChangeEvent, ChangeStream, Key, Notifications } from '@arpeggio/core'
import { abortable } from './abortable.ts'
import type { RedisClient } from './client.ts'
import { aborted, disposed } from './errors.ts'
import { RedisStream, type StreamHost } from './redis-stream.ts'
import { DELETED } from './scripts.ts'
import { SubscriberConnection } from './subscriber-connection.ts'

export interface RedisNotificationsOptions {
  /** What the subscriber connection is a copy of. */
  readonly client: () => RedisClient
  readonly isClosed: () => boolean
  readonly isSharded: boolean
  readonly heartbeatMs: number | undefined
}

const deleted = Buffer.from(DELETED)
/** Giving channels up can wait, and then costs whoever wakes nothing; what is given up meanwhile goes along. */
const leavingMs = 20
const mostLeaving = 1000

/** Celery's `ResultConsumer`: one subscriber connection of our own for all streams, from the first one that is opened to the last. */
export class RedisNotifications implements Notifications, AsyncDisposable {
  readonly #options: RedisNotificationsOptions
  /** Nearly always there is one, and a set of its own for each key would take more memory than all the rest. */
  readonly #streams = new Map<Key, readonly RedisStream[]>()
  readonly #open = new Set<RedisStream>()
  readonly #leaving = new Set<Key>()
  readonly #host: StreamHost = {
    subscribe: (stream, keys) => this.#subscribe(stream, keys),
    unsubscribe: (stream, keys) => this.#unsubscribe(stream, keys),
    leave: (stream) => this.#remove(stream),
  }
  #connection: SubscriberConnection | undefined
  #leave: NodeJS.Timeout | undefined

  constructor(options: RedisNotificationsOptions) {
    this.#options = options
  }

  async open(listener: (event: ChangeEvent) => void, options: CallOptions = {}): Promise<ChangeStream> {
    if (this.#options.isClosed()) throw disposed()
    if (options.signal?.aborted === true) throw aborted(options.signal)
    const stream: RedisStream = new RedisStream(this.#host, listener)
    this.#open.add(stream)
    this.#connection ??= this.#connect()
    try {
      await abortable(this.#connection.opened(), options.signal)
      if (this.#options.isClosed()) throw disposed()
    } catch (error) {
      await stream[Symbol.asyncDispose]()
      throw error
    }
    return stream
  }

  async #subscribe(stream: RedisStream, keys: readonly Key[]): Promise<void> {
    for (const key of keys) {
      this.#leaving.delete(key)
      const others = this.#streams.get(key)?.filter((each) => each !== stream) ?? []
      this.#streams.set(key, others.length === 0 ? stream.alone : [...others, stream])
    }
    await this.#connection?.subscribe(keys)
  }

  #unsubscribe(stream: RedisStream, keys: Iterable<Key>): void {
    for (const key of keys) {
      const streams = this.#streams.get(key)
      if (streams?.includes(stream) !== true) continue
      const others = streams.filter((each) => each !== stream)
      if (others.length > 0) this.#streams.set(key, others)
      else {
        this.#streams.delete(key)
        this.#leaving.add(key)
      }
    }
    if (this.#leaving.size >= mostLeaving) this.#giveUp()
    else if (this.#leaving.size > 0) this.#leave ??= setTimeout(() => this.#giveUp(), leavingMs).unref()
  }

  async #remove(stream: RedisStream): Promise<void> {
    if (!this.#open.delete(stream)) return
    if (this.#open.size > 0) return this.#unsubscribe(stream, this.#streams.keys())
    this.#streams.clear()
    this.#leaving.clear()
    const connection = this.#connection
    this.#connection = undefined
    await connection?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open].map((stream) => stream[Symbol.asyncDispose]()))
  }

  #giveUp(): void {
    clearTimeout(this.#leave)
    this.#leave = undefined
    const keys = [...this.#leaving]
    this.#leaving.clear()
    // Where it fails the connection has ended, and the subscriptions with it.
    void this.#connection?.unsubscribe(keys).catch(() => undefined)
  }

  #connect(): SubscriberConnection {
    const { client, isSharded, heartbeatMs } = this.#options
    return new SubscriberConnection({
      client: client(),
      isSharded,
      heartbeatMs,
      channels: () => [...this.#streams.keys()],
      onMessage: (channel, payload) => this.#tell(channel, payload),
      onRestored: () => {
        for (const stream of this.#open) stream.tell({ type: 'gap' })
      },
    })
  }

  #tell(key: Key, payload: Buffer): void {
    const isDeleted = payload.equals(deleted)
    for (const stream of this.#streams.get(key) ?? []) {
      stream.tell(isDeleted ? { type: 'change', key } : { type: 'change', key, value: payload })
    }
  }
}
