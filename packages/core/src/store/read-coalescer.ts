import type { Backend } from '../backend/backend.ts'
import type { CallOptions, Key, Stored } from '../backend/value.ts'
import { batches } from './batches.ts'

interface Reader {
  readonly resolve: (stored: Stored | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Turns the reads of one tick into as few requests as the store's limits allow. */
export class ReadCoalescer {
  readonly #backend: Backend
  #waiting: Map<Key, Reader[]> = new Map()

  constructor(backend: Backend) {
    this.#backend = backend
  }

  /** Reads one key; a read with a signal of its own travels alone, so that aborting it ends no other. */
  get(key: Key, options?: CallOptions): Promise<Stored | undefined> {
    if (options?.signal !== undefined) return this.#backend.get(key, options)
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) queueMicrotask(() => this.#flush())
      const readers = this.#waiting.get(key)
      if (readers === undefined) this.#waiting.set(key, [{ resolve, reject }])
      else readers.push({ resolve, reject })
    })
  }

  /** Reads many keys in their order, in batches side by side. */
  async mget(keys: readonly Key[], options?: CallOptions): Promise<readonly (Stored | undefined)[]> {
    if (keys.length === 0) return []
    const pages = batches(keys, this.#backend.limits.maxBatchKeys)
    const read = await Promise.all(pages.map((page) => this.#backend.mget(page, options)))
    return read.length === 1 ? (read[0] ?? []) : read.flat()
  }

  #flush(): void {
    const waiting = this.#waiting
    this.#waiting = new Map()
    for (const keys of batches([...waiting.keys()], this.#backend.limits.maxBatchKeys)) void this.#answer(keys, waiting)
  }

  async #answer(keys: readonly Key[], waiting: ReadonlyMap<Key, readonly Reader[]>): Promise<void> {
    try {
      const stored = await this.#read(keys)
      for (const [index, key] of keys.entries())
        for (const { resolve } of waiting.get(key) ?? []) resolve(stored[index])
    } catch (error) {
      for (const key of keys) for (const { reject } of waiting.get(key) ?? []) reject(error)
    }
  }

  async #read(keys: readonly Key[]): Promise<readonly (Stored | undefined)[]> {
    const [key] = keys
    return keys.length === 1 && key !== undefined ? [await this.#backend.get(key)] : this.#backend.mget(keys)
  }
}
