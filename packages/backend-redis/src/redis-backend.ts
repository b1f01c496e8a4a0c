import type {
  Backend,
  BackendLimits,
  Bulk,
  BulkOutcome,
  CallOptions,
  Check,
  ChordLedgerFactory,
  Clock,
  GuardedWrite,
  GuardOutcome,
  Key,
  Presence,
  Scan,
  SetOutcome,
  StateGuard,
  Stored,
  Write,
} from '@arpeggio/core'
import { abortable } from './abortable.ts'
import { addressOf } from './address.ts'
import type { LedgerStore } from './chords/ledger-calls.ts'
import { RedisLedger } from './chords/redis-ledger.ts'
import { type Argument, type RedisClient, type Reply, textOf } from './client.ts'
import type { Connection } from './connection.ts'
import { Connections } from './connections.ts'
import { aborted, disposed, isSafeToRetry, perhapsRepeated, writeError } from './errors.ts'
import { findings } from './findings.ts'
import type { RedisBackendOptions } from './options.ts'
import { RedisNotifications } from './redis-notifications.ts'
import { scanPage } from './scan.ts'
import { type Script, type Scripts, scripts } from './scripts.ts'
import { guardedOf, storedOf, valueOf, writtenOf } from './version.ts'
import { lifetimeOf, ownOf } from './write-arguments.ts'

/** So many keys to one script call, which keeps it well under a millisecond. */
const keysPerScript = 50

/** Keeps results in Redis or Valkey, on the keys and channels of Celery. Connects at the first operation. */
export class RedisBackend implements Backend {
  readonly specVersion = 1
  readonly name = 'redis'
  readonly limits: BackendLimits = {
    maxValueBytes: 512 * 1024 * 1024,
    maxKeyBytes: 64 * 1024,
    // A larger batch is no cheaper, and what has come is decoded while the next is on its way.
    maxBatchKeys: 500,
    expiryPrecisionSeconds: 0.001,
    writesPerSecondPerKey: Infinity,
    pollFloorMs: 5,
  }

  readonly presence: Presence = { exists: (keys, options) => this.#call(options, () => this.#exists(keys)) }
  readonly bulk: Bulk = { set: (writes, options) => this.#call(options, () => this.#setAll(writes)) }
  readonly guard: StateGuard = { set: (write, options) => this.#call(options, () => this.#setGuarded(write)) }
  readonly scan: Scan = {
    keys: (prefix, options = {}) => this.#call(options, () => scanPage(this.#connections.next, prefix, options)),
  }
  readonly clock: Clock = { now: (options) => this.#call(options, () => this.#now()) }
  readonly check: Check = { run: (options) => this.#call(options, () => findings(this.#connections.next)) }
  readonly notifications: RedisNotifications
  readonly chords: ChordLedgerFactory

  readonly #connections: Connections
  readonly #scripts: Scripts
  #disposal: Promise<void> | undefined

  constructor(options: RedisBackendOptions) {
    this.#connections = new Connections(options)
    const publish = this.#connections.isSharded ? ('SPUBLISH' as const) : ('PUBLISH' as const)
    this.#scripts = scripts(publish)
    const ledgerStore: LedgerStore = {
      connections: this.#connections,
      publish,
      isOrdered: options.chordOrdered ?? true,
      call: <Answer>(work: () => Promise<Answer>) => this.#call(undefined, work),
    }
    this.chords = { open: (context) => new RedisLedger(ledgerStore, context) }
    this.notifications = new RedisNotifications({
      client: () => this.#connections.next.client,
      isClosed: () => this.#disposal !== undefined,
      isSharded: this.#connections.isSharded,
      heartbeatMs: this.#connections.heartbeatMs,
    })
  }

  /** The client that carries the commands: the one that was passed in, or one that is made at the first use. */
  get client(): RedisClient {
    return this.#connections.next.client
  }

  get(key: Key, options?: CallOptions): Promise<Stored | undefined> {
    return this.#call(options, async () => toStored(await this.#connections.next.run('get', [key])))
  }

  mget(keys: readonly Key[], options?: CallOptions): Promise<readonly (Stored | undefined)[]> {
    return this.#call(options, () => this.#inPages(keys, this.limits.maxBatchKeys, (page) => this.#mget(page)))
  }

  set(write: Write, options?: CallOptions): Promise<SetOutcome> {
    return this.#call(options, async () => {
      const [outcome] = await this.#setPage([write])
      if (outcome === undefined || 'error' in outcome) throw outcome?.error
      return outcome
    })
  }

  delete(keys: readonly Key[], options?: CallOptions): Promise<void> {
    return this.#call(options, async () => {
      await this.#inPages(keys, keysPerScript, async (page) => {
        await this.#write(this.#scripts.delete, page, [])
        return []
      })
    })
  }

  /** Adds one to the number under `key`, as Celery's `incr`. */
  incr(key: Key, options?: CallOptions): Promise<number> {
    return this.#call(options, async () => Number(textOf(await this.#connections.next.run('incrby', [key, 1]))))
  }

  /** Gives `key` another lifetime, as Celery's `expire`. Resolves to whether there is such a key. */
  expire(key: Key, seconds: number, options?: CallOptions): Promise<boolean> {
    return this.#call(options, async () => textOf(await this.#connections.next.run('expire', [key, seconds])) === '1')
  }

  exceptionSafeToRetry(error: unknown): boolean {
    return isSafeToRetry(error)
  }

  asUri(options: { readonly includePassword?: boolean } = {}): string {
    return addressOf(this.client, options.includePassword)
  }

  /** Closes what it opened. A client that was passed in stays as it is. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#close()
    return this.#disposal
  }

  async #close(): Promise<void> {
    await Promise.all([this.notifications[Symbol.asyncDispose](), this.#connections.close()])
  }

  async #call<Answer>(options: CallOptions | undefined, work: () => Promise<Answer>): Promise<Answer> {
    if (this.#disposal !== undefined) throw disposed()
    const signal = options?.signal
    if (signal === undefined) return work()
    if (signal.aborted) throw aborted(signal)
    return abortable(work(), signal)
  }

  /** Cut into what one command may take: on a cluster, a key. */
  async #inPages<Item, Answer>(
    items: readonly Item[],
    size: number,
    work: (page: readonly Item[]) => Promise<readonly Answer[]>,
  ): Promise<readonly Answer[]> {
    const step = this.#connections.isCluster ? 1 : size
    if (items.length <= step) return items.length === 0 ? [] : work(items)
    const pages: Promise<readonly Answer[]>[] = []
    for (let start = 0; start < items.length; start += step) pages.push(work(items.slice(start, start + step)))
    return (await Promise.all(pages)).flat()
  }

  async #mget(keys: readonly Key[]): Promise<readonly (Stored | undefined)[]> {
    const reply = await this.#connections.next.run('mget', keys)
    return Array.isArray(reply) ? reply.map(toStored) : []
  }

  #exists(keys: readonly Key[]): Promise<readonly boolean[]> {
    return this.#inPages(keys, keysPerScript, async (page) => {
      const digits = textOf(await this.#connections.next.script(this.#scripts.exists, page, []))
      return page.map((_, index) => digits[index] === '1')
    })
  }

  async #setGuarded({ key, value, expiresInSeconds, keep }: GuardedWrite): Promise<GuardOutcome> {
    const connection = this.#connections.next
    const { losses } = connection
    const own = ownOf(value)
    const reply = await this.#write(
      this.#scripts.guard,
      [key],
      [own, lifetimeOf(expiresInSeconds), ...keep],
      connection,
    )
    if (!Array.isArray(reply)) return guardedOf(own)
    if (losses !== connection.losses) throw perhapsRepeated(connection.address)
    const [outcome, stored] = reply
    return { outcome: textOf(outcome) === 'kept' ? 'kept' : 'undecided', stored: storedOf(valueOf(stored)) }
  }

  #setAll(writes: readonly Write[]): Promise<readonly BulkOutcome[]> {
    return this.#inPages(writes, keysPerScript, async (page) => {
      try {
        return await this.#setPage(page)
      } catch (error) {
        return page.map(() => ({ error }))
      }
    })
  }

  async #setPage(writes: readonly Write[]): Promise<readonly BulkOutcome[]> {
    const connection = this.#connections.next
    const { losses } = connection
    const own = writes.map(({ value }) => ownOf(value))
    const keys = writes.map(({ key }) => key)
    const args = writes.flatMap((write, index): readonly Argument[] => [
      own[index] ?? '',
      lifetimeOf(write.expiresInSeconds),
      write.if ?? '',
    ])
    const reply = await this.#write(this.#scripts.set, keys, args, connection)
    const outcomes = Array.isArray(reply) ? reply : []
    return own.map((value, index): BulkOutcome => {
      const outcome = textOf(outcomes[index])
      if (outcome === '1') return writtenOf(value)
      if (outcome !== '0') return { error: writeError(outcome, connection.address) }
      return losses === connection.losses ? { written: false } : { error: perhapsRepeated(connection.address) }
    })
  }

  #write(
    script: Script,
    keys: readonly Key[],
    args: readonly Argument[],
    connection: Connection = this.#connections.next,
  ): Promise<Reply> {
    return (this.#connections.durable ?? connection).script(script, keys, args)
  }

  async #now(): Promise<Date> {
    const reply = await this.#connections.next.run('time', [])
    const [seconds = 0, microseconds = 0] = Array.isArray(reply) ? reply.map((part) => Number(textOf(part))) : []
    return new Date(seconds * 1000 + Math.floor(microseconds / 1000))
  }
}

function toStored(reply: Reply): Stored | undefined {
  return reply === null ? undefined : storedOf(valueOf(reply))
}
