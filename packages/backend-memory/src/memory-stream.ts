import type { ChangeEvent, ChangeStream, Key } from '@arpeggio/core'
import { streamClosed } from './errors.ts'
import type { MemoryStore } from './memory-store.ts'

/** One process's view of the changes: those of the keys that it subscribed to. */
export class MemoryStream implements ChangeStream {
  readonly #listener: (event: ChangeEvent) => void
  readonly #keys = new Set<Key>()
  readonly #onClose: () => void
  readonly #stop: () => void
  #isClosed = false

  constructor(store: MemoryStore, listener: (event: ChangeEvent) => void, onClose: () => void) {
    this.#listener = listener
    this.#onClose = onClose
    this.#stop = store.listen((event) => this.#receive(event))
  }

  async subscribe(keys: readonly Key[]): Promise<void> {
    if (this.#isClosed) throw streamClosed()
    for (const key of keys) this.#keys.add(key)
  }

  async unsubscribe(keys: readonly Key[]): Promise<void> {
    if (this.#isClosed) throw streamClosed()
    for (const key of keys) this.#keys.delete(key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#stop()
    this.#onClose()
  }

  /** Whether to pass an event on is decided when it happens; it is passed on later, so that no listener runs inside a write. */
  #receive(event: ChangeEvent): void {
    if (event.type === 'change' && !this.#keys.has(event.key)) return
    queueMicrotask(() => {
      if (!this.#isClosed) this.#listener(event)
    })
  }
}
