import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type {
  Backend,
  BackendLimits,
  Bulk,
  BulkOutcome,
  CallOptions,
  Cleanup,
  Key,
  Presence,
  Revision,
  Scan,
  ScanPage,
  SetOutcome,
  Stored,
  Write,
} from '@arpeggio/core'
import { retryWhileBusy } from './busy-retry.ts'
import { disposed, endsTransaction, isBusy, toBackendError } from './errors.ts'
import type { SqliteBackendOptions } from './options.ts'
import { openDatabase } from './schema.ts'
import { Statements } from './statements.ts'
import { WriteQueue } from './write-queue.ts'

const defaultBusyTimeoutMs = 5000
const defaultPageSize = 1000
/** How many rows one transaction of a cleanup removes. */
const cleanupBatch = 500

interface Connection {
  readonly database: DatabaseSync
  readonly statements: Statements
  readonly writes: WriteQueue
}

/** Keeps results in one SQLite file, for any number of processes on one machine. Opens it at the first operation. */
export class SqliteBackend implements Backend {
  readonly specVersion = 1
  readonly name = 'sqlite'
  readonly limits: BackendLimits = {
    maxValueBytes: 64 * 1024 * 1024,
    maxKeyBytes: 4096,
    maxBatchKeys: 1000,
    expiryPrecisionSeconds: 0.001,
    writesPerSecondPerKey: Infinity,
    pollFloorMs: 2,
  }

  readonly presence: Presence = {
    exists: (keys, options) => this.#read(options, ({ statements }) => statements.exists(keys, this.#clock())),
  }

  readonly bulk: Bulk = {
    set: (writes, options) => {
      const own = writes.map(withOwnBytes)
      return this.#write(options, ({ statements }) => own.map((write) => this.#setOneOf(statements, write)))
    },
  }

  readonly revision: Revision = {
    get: (options) => this.#read(options, ({ statements, writes }) => `${statements.dataVersion()}.${writes.commits}`),
  }

  readonly scan: Scan = {
    keys: (prefix, options = {}) =>
      this.#read(options, ({ statements }) => this.#page(statements, prefix, options.cursor, options.limit)),
  }

  readonly cleanup: Cleanup = { run: (options) => this.#removeExpired(options.limit, options) }

  readonly #options: SqliteBackendOptions
  readonly #busyTimeoutMs: number
  readonly #clock: () => number
  /** With the count it makes versions that no write of any process repeats, also after a delete. */
  readonly #nonce = randomBytes(9).toString('base64url')
  #count = 0
  #opening: Promise<Connection> | undefined
  #connection: Connection | undefined
  #disposal: Promise<void> | undefined

  constructor(options: SqliteBackendOptions) {
    this.#options = options
    this.#busyTimeoutMs = options.busyTimeoutMs ?? defaultBusyTimeoutMs
    this.#clock = options.clock ?? Date.now
  }

  get(key: Key, options?: CallOptions): Promise<Stored | undefined> {
    return this.#read(options, ({ statements }) => statements.get(key, this.#clock()))
  }

  mget(keys: readonly Key[], options?: CallOptions): Promise<readonly (Stored | undefined)[]> {
    return this.#read(options, ({ statements }) => statements.mget(keys, this.#clock()))
  }

  set(write: Write, options?: CallOptions): Promise<SetOutcome> {
    const own = withOwnBytes(write)
    return this.#write(options, ({ statements }) => this.#set(statements, own))
  }

  delete(keys: readonly Key[], options?: CallOptions): Promise<void> {
    return this.#write(options, ({ statements }) => statements.delete(keys))
  }

  exceptionSafeToRetry(error: unknown): boolean {
    return isBusy(error)
  }

  asUri(): string {
    const path = encodeURI(this.#options.path).replaceAll('?', '%3F').replaceAll('#', '%23')
    return `sqlite://${path}${this.#options.durability === 'full' ? '?durability=full' : ''}`
  }

  /** Waits for the writes that were begun, then closes the file. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#close()
    return this.#disposal
  }

  async #close(): Promise<void> {
    const connection = this.#connection ?? (await this.#opening?.catch(() => undefined))
    await connection?.writes.idle()
    connection?.database.close()
  }

  async #read<Answer>(options: CallOptions | undefined, work: (connection: Connection) => Answer): Promise<Answer> {
    const connection = this.#connection ?? (await this.#open())
    return retryWhileBusy(
      () => {
        if (this.#disposal !== undefined) throw disposed()
        return work(connection)
      },
      { budgetMs: this.#busyTimeoutMs, signal: options?.signal },
    )
  }

  async #write<Answer>(options: CallOptions | undefined, work: (connection: Connection) => Answer): Promise<Answer> {
    const connection = this.#connection ?? (await this.#open())
    if (this.#disposal !== undefined) throw disposed()
    return connection.writes.add(() => work(connection), options?.signal)
  }

  /** One attempt serves everybody who waits for it; after a failure the next operation tries again. */
  async #open(): Promise<Connection> {
    if (this.#disposal !== undefined) throw disposed()
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #connect(): Promise<Connection> {
    const budgetMs = this.#busyTimeoutMs
    const { path } = this.#options
    const connect = (database: DatabaseSync): Connection => {
      return { database, statements: new Statements(database), writes: new WriteQueue(database, budgetMs) }
    }
    this.#connection = await retryWhileBusy(() => openDatabase(this.#options, connect), { budgetMs, path })
    return this.#connection
  }

  #set(statements: Statements, write: Write): SetOutcome {
    const version = `${this.#nonce}.${++this.#count}`
    return statements.set(write, version, this.#clock()) ? { written: true, version } : { written: false }
  }

  /** A failure that leaves the transaction alive is this write's own; any other must reach the queue. */
  #setOneOf(statements: Statements, write: Write): BulkOutcome {
    try {
      return this.#set(statements, write)
    } catch (error) {
      if (endsTransaction(error)) throw error
      return { error: toBackendError(error) }
    }
  }

  #page(statements: Statements, prefix: string, cursor = '', limit = defaultPageSize): ScanPage {
    const found = statements.page(prefix, cursor, limit + 1, this.#clock())
    const keys = found.slice(0, limit)
    const last = keys.at(-1)
    return found.length > limit && last !== undefined ? { keys, cursor: last } : { keys }
  }

  /** In transactions of their own, between which other writers get their turn. */
  async #removeExpired(limit: number, options: CallOptions): Promise<number> {
    let removed = 0
    while (removed < limit) {
      const batch = Math.min(cleanupBatch, limit - removed)
      const count = await this.#write(options, ({ statements }) => statements.removeExpired(batch, this.#clock()))
      removed += count
      if (count < batch) break
    }
    return removed
  }
}

/** The write happens a moment later; until then the caller may reuse its bytes. */
function withOwnBytes(write: Write): Write {
  return typeof write.value === 'string' ? write : { ...write, value: Uint8Array.from(write.value) }
}
