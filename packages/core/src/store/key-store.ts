import type { Backend } from '../backend/backend.ts'
import { BackendError } from '../backend/backend-error.ts'
import type { CallOptions, Key, SetOutcome, Stored, Version, Write } from '../backend/value.ts'
import { batches } from './batches.ts'
import { ReadCoalescer } from './read-coalescer.ts'
import type { Retry } from './retry.ts'
import { WriteCoalescer } from './write-coalescer.ts'

/** `maybe`: there was something, which may be what an earlier try of the same call wrote before its answer was lost. */
export type Creation = 'created' | 'exists' | 'maybe'

/** The keys of a store, with retries, batches and what can be known of a write whose answer was lost. */
export class KeyStore {
  readonly backend: Backend
  readonly retry: Retry
  readonly reads: ReadCoalescer
  readonly writes: WriteCoalescer

  constructor(backend: Backend, retry: Retry) {
    this.backend = backend
    this.retry = retry
    this.reads = new ReadCoalescer(backend)
    this.writes = new WriteCoalescer(backend)
  }

  get(key: Key, options?: CallOptions): Promise<Stored | undefined> {
    return this.retry.run(() => this.reads.get(key, options), options)
  }

  mget(keys: readonly Key[], options?: CallOptions): Promise<readonly (Stored | undefined)[]> {
    return this.retry.run(() => this.reads.mget(keys, options), options)
  }

  /** Which of the keys exist; reads them where the store cannot tell otherwise. */
  exists(keys: readonly Key[], options?: CallOptions): Promise<readonly boolean[]> {
    return this.retry.run(() => this.#exists(keys, options), options)
  }

  delete(keys: readonly Key[], options?: CallOptions): Promise<void> {
    return this.retry.run(async () => {
      const pages = batches(keys, this.backend.limits.maxBatchKeys)
      await Promise.all(pages.map((page) => this.backend.delete(page, options)))
    }, options)
  }

  /** Writes whatever is there. */
  async set(write: Omit<Write, 'if'>, options?: CallOptions): Promise<void> {
    await this.retry.run(() => this.writes.set(write, options), options)
  }

  /** Writes where there is nothing. */
  create(write: Omit<Write, 'if'>, options?: CallOptions): Promise<Creation> {
    let isAmbiguous = false
    return this.retry.run(async () => {
      try {
        if ((await this.writes.set({ ...write, if: 'absent' }, options)).written) return 'created'
        return isAmbiguous ? 'maybe' : 'exists'
      } catch (error) {
        isAmbiguous ||= !BackendError.is(error, 'unavailable')
        throw error
      }
    }, options)
  }

  /** Writes over a version. `undefined` when nobody can say whether that happened: the caller reads what is there. */
  async replace(write: Write & { readonly if: Version }, options?: CallOptions): Promise<SetOutcome | undefined> {
    try {
      return await this.retry.run(() => this.writes.set(write, options), { ...options, idempotent: false })
    } catch (error) {
      if (BackendError.is(error, 'uncertain')) return undefined
      throw error
    }
  }

  async #exists(keys: readonly Key[], options?: CallOptions): Promise<readonly boolean[]> {
    const { presence, limits } = this.backend
    if (keys.length === 0) return []
    if (presence === undefined) return (await this.reads.mget(keys, options)).map((stored) => stored !== undefined)
    const pages = batches(keys, limits.maxBatchKeys)
    const answers = await Promise.all(pages.map((page) => presence.exists(page, options)))
    return answers.length === 1 ? (answers[0] ?? []) : answers.flat()
  }
}
