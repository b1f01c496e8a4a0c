import type { ChangeEvent, ChangeStream, Key } from '@arpeggio/core'
import { disposed } from './errors.ts'

/** What a stream asks of whoever has the connection. */
export interface StreamHost {
  subscribe(stream: RedisStream, keys: readonly Key[]): Promise<void>
  unsubscribe(stream: RedisStream, keys: Iterable<Key>): void
  leave(stream: RedisStream): Promise<void>
}

/** What one `Results` subscribed to. */
export class RedisStream implements ChangeStream {
  /** Shared by all keys that nobody else subscribed to. */
  readonly alone: readonly [RedisStream] = [this]
  readonly #host: StreamHost
  readonly #listener: (event: ChangeEvent) => void
  #isClosed = false

  constructor(host: StreamHost, listener: (event: ChangeEvent) => void) {
    this.#host = host
    this.#listener = listener
  }

  tell(event: ChangeEvent): void {
    if (!this.#isClosed) this.#listener(event)
  }

  async subscribe(keys: readonly Key[]): Promise<void> {
    if (this.#isClosed) throw disposed()
    await this.#host.subscribe(this, keys)
  }

  async unsubscribe(keys: readonly Key[]): Promise<void> {
    if (this.#isClosed) throw disposed()
    this.#host.unsubscribe(this, keys)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#host.leave(this)
  }
}
