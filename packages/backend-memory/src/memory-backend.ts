import type {
  Backend,
  BackendLimits,
  Bulk,
  CallOptions,
  ChangeEvent,
  ChangeStream,
  Cleanup,
  Clock,
  GuardedWrite,
  GuardOutcome,
  Key,
  Notifications,
  Presence,
  Revision,
  Scan,
  ScanPage,
  SetOutcome,
  StateGuard,
  Stored,
  Write,
} from '@arpeggio/core'
import { stateOf } from '@arpeggio/core'
import { refusal } from './errors.ts'
import { MemoryStore } from './memory-store.ts'
import { MemoryStream } from './memory-stream.ts'
import type { MemoryBackendOptions } from './options.ts'

const defaultPageSize = 1000

/** The reference implementation: what the contract asks for and nothing else. Values end with the process. */
export class MemoryBackend implements Backend {
  readonly specVersion = 1
  readonly name = 'memory'
  readonly limits: BackendLimits = {
    maxValueBytes: 64 * 1024 * 1024,
    maxKeyBytes: 4096,
    maxBatchKeys: 10_000,
    expiryPrecisionSeconds: 0.001,
    writesPerSecondPerKey: Infinity,
    pollFloorMs: 1,
  }

  readonly presence: Presence = {
    exists: (keys, options) => this.#call(options, () => keys.map((key) => this.#store.has(key))),
  }

  readonly bulk: Bulk = {
    set: (writes, options) => this.#call(options, () => writes.map((write) => this.#store.set(write))),
  }

  readonly guard: StateGuard = {
    set: (write, options) => this.#call(options, () => this.#setGuarded(write)),
  }

  readonly notifications: Notifications = {
    open: (listener, options) => this.#call(options, () => this.#openStream(listener)),
  }

  readonly revision: Revision = {
    get: (options) => this.#call(options, () => this.#store.revision),
  }

  readonly scan: Scan = {
    keys: (prefix, options) => this.#call(options, () => this.#page(prefix, options?.limit, options?.cursor)),
  }

  readonly cleanup: Cleanup = {
    run: (options) => this.#call(options, () => this.#store.removeExpired(options.limit)),
  }

  readonly clock: Clock = {
    now: (options) => this.#call(options, () => new Date(this.#store.now)),
  }

  readonly #store: MemoryStore
  readonly #streams = new Set<MemoryStream>()
  #isDisposed = false

  constructor(options: MemoryBackendOptions = {}) {
    this.#store = options.store ?? new MemoryStore(options)
  }

  get(key: Key, options?: CallOptions): Promise<Stored | undefined> {
    return this.#call(options, () => this.#store.get(key))
  }

  mget(keys: readonly Key[], options?: CallOptions): Promise<readonly (Stored | undefined)[]> {
    return this.#call(options, () => keys.map((key) => this.#store.get(key)))
  }

  set(write: Write, options?: CallOptions): Promise<SetOutcome> {
    return this.#call(options, () => this.#store.set(write))
  }

  delete(keys: readonly Key[], options?: CallOptions): Promise<void> {
    return this.#call(options, () => {
      for (const key of keys) this.#store.delete(key)
    })
  }

  /** Memory has no client whose errors could ask for another try. */
  exceptionSafeToRetry(): boolean {
    return false
  }

  asUri(): string {
    return 'memory://'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    await Promise.all([...this.#streams].map((stream) => stream[Symbol.asyncDispose]()))
  }

  /** One synchronous step, which is what makes every operation atomic here. */
  async #call<Answer>(options: CallOptions | undefined, step: () => Answer): Promise<Answer> {
    const refused = refusal(this.#isDisposed, options?.signal)
    if (refused !== undefined) throw refused
    return step()
  }

  #setGuarded({ key, value, expiresInSeconds, keep }: GuardedWrite): GuardOutcome {
    const stored = this.#store.get(key)
    if (stored !== undefined) {
      const state = stateOf(stored.value)
      if (state === undefined) return { outcome: 'undecided', stored }
      if (keep.includes(state)) return { outcome: 'kept', stored }
    }
    return { outcome: 'written', version: this.#store.put(key, value, expiresInSeconds) }
  }

  #openStream(listener: (event: ChangeEvent) => void): ChangeStream {
    const stream: MemoryStream = new MemoryStream(this.#store, listener, () => this.#streams.delete(stream))
    this.#streams.add(stream)
    return stream
  }

  #page(prefix: string, limit = defaultPageSize, cursor = ''): ScanPage {
    const rest = this.#store.keys(prefix, cursor)
    const keys = rest.slice(0, limit)
    const last = keys.at(-1)
    return rest.length > keys.length && last !== undefined ? { keys, cursor: last } : { keys }
  }
}
