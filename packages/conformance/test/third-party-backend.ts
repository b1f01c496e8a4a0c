import { type Backend, BackendError, type BackendLimits, type CallOptions } from '@arpeggio/core'
import type { Key, SetOutcome, Stored, Write } from '@arpeggio/core'

/** A complete backend without any ability: core polls, reads before it decides, and writes one by one. */
export class MapBackend implements Backend {
  readonly specVersion = 1
  readonly name = 'map'
  readonly limits: BackendLimits = {
    maxValueBytes: 1_000_000,
    maxKeyBytes: 1024,
    maxBatchKeys: 100,
    expiryPrecisionSeconds: 0,
    writesPerSecondPerKey: Infinity,
    pollFloorMs: 10,
  }
  readonly #entries = new Map<Key, Stored>()
  #versions = 0 // counts on across deletes, so that no version comes back
  #isClosed = false

  async get(key: Key, options?: CallOptions): Promise<Stored | undefined> {
    return (await this.mget([key], options))[0]
  }

  async mget(keys: readonly Key[], options?: CallOptions): Promise<readonly (Stored | undefined)[]> {
    this.#assertUsable(options)
    return keys.map((key) => structuredClone(this.#visible(key)))
  }

  async set({ key, value, expiresInSeconds, if: condition }: Write, options?: CallOptions): Promise<SetOutcome> {
    this.#assertUsable(options)
    if (condition !== undefined && condition !== (this.#visible(key)?.version ?? 'absent')) return { written: false }
    const expiresAt = expiresInSeconds === undefined ? undefined : new Date(Date.now() + expiresInSeconds * 1000)
    const version = `${++this.#versions}`
    this.#entries.set(key, { value: structuredClone(value), version, ...(expiresAt && { expiresAt }) })
    return { written: true, version }
  }

  async delete(keys: readonly Key[], options?: CallOptions): Promise<void> {
    this.#assertUsable(options)
    for (const key of keys) this.#entries.delete(key)
  }

  exceptionSafeToRetry = (): boolean => false
  asUri = (): string => 'map://'

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
  }

  #visible(key: Key): Stored | undefined {
    const entry = this.#entries.get(key)
    return (entry?.expiresAt?.getTime() ?? Infinity) > Date.now() ? entry : undefined
  }

  #assertUsable(options?: CallOptions): void {
    if (this.#isClosed) throw new BackendError('disposed', 'The backend was closed')
    if (options?.signal?.aborted === true) throw new BackendError('aborted', 'Aborted')
  }
}
