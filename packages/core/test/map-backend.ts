import {
  type Backend,
  BackendError,
  type BackendLimits,
  type BulkOutcome,
  type CallOptions,
  type ChangeEvent,
  type GuardedWrite,
  type GuardOutcome,
  type Key,
  type SetOutcome,
  type Stored,
  type Write,
} from '../src/index.ts'

/** The contract over a `Map`, with every ability that tests of core need; hide some with `wrap(backend, { guard: undefined })`. */
export class MapBackend implements Backend {
  readonly specVersion = 1
  readonly name = 'map'
  readonly limits: BackendLimits
  /** How often each member was called, such as `calls.get('mget')`. */
  readonly calls: Map<string, number> = new Map()
  readonly entries: Map<Key, Stored> = new Map()
  readonly #now: () => number
  readonly #listeners: Set<{ readonly keys: Set<Key>; readonly listener: (event: ChangeEvent) => void }> = new Set()
  #versions = 0
  #disposed = false

  readonly presence = {
    exists: async (keys: readonly Key[]) =>
      this.#enter('exists', () => keys.map((key) => this.#read(key) !== undefined)),
  }
  readonly bulk = {
    set: async (writes: readonly Write[]): Promise<readonly BulkOutcome[]> =>
      this.#enter('bulk', () => writes.map((write) => this.#write(write))),
  }
  readonly guard = {
    set: async (write: GuardedWrite): Promise<GuardOutcome> => this.#enter('guard', () => this.#guarded(write)),
  }
  readonly revision = { get: async () => this.#enter('revision', () => String(this.#versions)) }
  readonly cleanup = {
    run: async ({ limit }: { readonly limit: number }) =>
      this.#enter('cleanup', () => {
        const expired = [...this.entries.keys()].filter((key) => this.#read(key) === undefined).slice(0, limit)
        for (const key of expired) this.entries.delete(key)
        return expired.length
      }),
  }
  readonly notifications = {
    open: async (listener: (event: ChangeEvent) => void) =>
      this.#enter('open', () => {
        const stream = { keys: new Set<Key>(), listener }
        this.#listeners.add(stream)
        return {
          subscribe: async (keys: readonly Key[]) =>
            this.#enter('subscribe', () => keys.forEach((key) => stream.keys.add(key))),
          unsubscribe: async (keys: readonly Key[]) =>
            this.#enter('unsubscribe', () => keys.forEach((key) => stream.keys.delete(key))),
          [Symbol.asyncDispose]: async () => void this.#listeners.delete(stream),
        }
      }),
  }

  constructor(options: { readonly limits?: Partial<BackendLimits>; readonly now?: () => number } = {}) {
    this.#now = options.now ?? Date.now
    this.limits = {
      maxValueBytes: 1_000_000,
      maxKeyBytes: 1_024,
      maxBatchKeys: 100,
      expiryPrecisionSeconds: 0,
      writesPerSecondPerKey: Infinity,
      pollFloorMs: 1,
      ...options.limits,
    }
  }

  async get(key: Key, _options?: CallOptions): Promise<Stored | undefined> {
    return this.#enter('get', () => this.#read(key))
  }

  async mget(keys: readonly Key[], _options?: CallOptions): Promise<readonly (Stored | undefined)[]> {
    return this.#enter('mget', () => keys.map((key) => this.#read(key)))
  }

  async set(write: Write, _options?: CallOptions): Promise<SetOutcome> {
    return this.#enter('set', () => this.#write(write))
  }

  async delete(keys: readonly Key[], _options?: CallOptions): Promise<void> {
    this.#enter('delete', () => {
      for (const key of keys) if (this.entries.delete(key)) this.#tell({ type: 'change', key })
    })
  }

  exceptionSafeToRetry(error: unknown): boolean {
    return error instanceof Error && error.name === 'PassingError'
  }

  asUri(options?: { readonly includePassword?: boolean }): string {
    return options?.includePassword === true ? 'map://:secret@here/' : 'map://:**@here/'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
  }

  /** Tells every stream that events may have been lost. */
  gap(): void {
    for (const { listener } of this.#listeners) listener({ type: 'gap' })
  }

  #enter<T>(name: string, operation: () => T): T {
    if (this.#disposed) throw new BackendError('disposed', 'the map backend was closed')
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1)
    return operation()
  }

  #read(key: Key): Stored | undefined {
    const stored = this.entries.get(key)
    return stored?.expiresAt !== undefined && stored.expiresAt.getTime() <= this.#now() ? undefined : stored
  }

  #write(write: Write): SetOutcome {
    const old = this.#read(write.key)
    if (write.if === 'absent' ? old !== undefined : write.if !== undefined && old?.version !== write.if)
      return { written: false }
    this.#versions += 1
    const version = String(this.#versions)
    const seconds = write.expiresInSeconds
    const expiry = seconds === undefined ? {} : { expiresAt: new Date(this.#now() + seconds * 1_000) }
    this.entries.set(write.key, { value: write.value, version, ...expiry })
    this.#tell({ type: 'change', key: write.key, value: write.value })
    return { written: true, version }
  }

  #guarded({ key, value, expiresInSeconds, keep }: GuardedWrite): GuardOutcome {
    const stored = this.#read(key)
    if (stored !== undefined) {
      const state = /^\{"status": ?"(\w+)"/u.exec(String(stored.value))?.[1]
      if (state === undefined) return { outcome: 'undecided', stored }
      if (keep.includes(state)) return { outcome: 'kept', stored }
    }
    const outcome = this.#write({ key, value, ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }) })
    return { outcome: 'written', version: outcome.written ? outcome.version : '' }
  }

  #tell(event: ChangeEvent & { readonly type: 'change' }): void {
    for (const { keys, listener } of this.#listeners) if (keys.has(event.key)) setImmediate(listener, event)
  }
}
