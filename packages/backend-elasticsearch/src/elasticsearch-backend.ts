import type {
  Backend,
  BackendLimits,
  Bulk,
  BulkOutcome,
  CallOptions,
  Check,
  Cleanup,
  Key,
  Presence,
  Revision,
  Scan,
  ScanPage,
  SetOutcome,
  Stored,
  Value,
  Write,
} from '@arpeggio/core'
import { addressText, clientOf, indexOf, type ElasticsearchClient } from './client.ts'
import { cleanUp } from './cleanup.ts'
import { Documents, hasExpired, presenceMembers, sequenceNumberOf, stateOf } from './documents.ts'
import { isMissing, isSafeToRetry, tooLarge } from './errors.ts'
import { findings } from './findings.ts'
import { IndexRequests, type Answer, type Operation } from './index-requests.ts'
import { IndexSetUp } from './index-set-up.ts'
import type { ElasticsearchBackendOptions } from './options.ts'
import { firstPage, nextPage } from './pages.ts'

/** What Elasticsearch takes over HTTP unless it is told otherwise. */
const defaultMaxRequestBytes = 100 * 1024 * 1024
/** Room for what goes around the value of a document. */
const envelopeBytes = 4096

/** Keeps results in an index of Elasticsearch, in the documents of Celery. Connects at the first operation. */
export class ElasticsearchBackend implements Backend {
  readonly specVersion = 1
  readonly name = 'elasticsearch'
  readonly limits: BackendLimits

  readonly presence: Presence = { exists: (keys, options) => this.#exist(keys, options) }
  readonly bulk: Bulk = { set: (writes, options) => this.#setAll(writes, options) }
  readonly revision: Revision = { get: (options) => this.#revision(options) }
  readonly scan: Scan = { keys: (prefix, options = {}) => this.#scan(prefix, options.cursor, options) }
  readonly cleanup: Cleanup = { run: (options) => cleanUp(this.#requests, this.#clock(), options) }
  readonly check: Check = { run: (options) => findings(this.#requests, this.#setUp, options) }

  readonly #options: ElasticsearchBackendOptions
  readonly #clock: () => number
  readonly #documents: Documents
  readonly #requests: IndexRequests
  readonly #setUp: IndexSetUp
  readonly #maxRequestBytes: number
  #client: ElasticsearchClient | undefined
  #disposal: Promise<void> | undefined

  constructor(options: ElasticsearchBackendOptions) {
    const { saveMetaAsText = true, maxRequestBytes = defaultMaxRequestBytes, lifecyclePolicy } = options
    this.#options = options
    this.#clock = options.clock ?? Date.now
    this.#maxRequestBytes = maxRequestBytes
    this.#documents = new Documents(saveMetaAsText)
    this.#requests = new IndexRequests(() => this.server, {
      index: indexOf(options),
      address: this.asUri(),
      maxRequestBytes,
    })
    this.#setUp = new IndexSetUp(this.#requests, { isNative: !saveMetaAsText, lifecyclePolicy })
    this.limits = {
      maxValueBytes: maxRequestBytes - envelopeBytes,
      maxKeyBytes: 512,
      maxBatchKeys: 1000,
      expiryPrecisionSeconds: 0.001,
      writesPerSecondPerKey: 20,
      pollFloorMs: 50,
    }
  }

  /** The client: the one that was passed in, or one that is made at the first use. */
  get server(): ElasticsearchClient {
    const { client } = this.#options
    this.#client ??= client ?? clientOf(this.#options)
    return this.#client
  }

  async get(key: Key, options?: CallOptions): Promise<Stored | undefined> {
    const [stored] = await this.mget([key], options)
    return stored
  }

  async mget(keys: readonly Key[], options?: CallOptions): Promise<readonly (Stored | undefined)[]> {
    const hits = await this.#requests.mget(keys, options)
    const now = this.#clock()
    return hits.map((hit) => this.#documents.stored(hit, now))
  }

  async set(write: Write, options?: CallOptions): Promise<SetOutcome> {
    const [outcome] = await this.#setAll([write], options)
    if (outcome === undefined || 'error' in outcome) throw outcome?.error
    return outcome
  }

  async delete(keys: readonly Key[], options?: CallOptions): Promise<void> {
    const answers = await this.#requests.bulk(
      keys.map((key) => ({ key, action: 'delete' })),
      options,
    )
    for (const answer of answers) if (typeof answer === 'object' && 'error' in answer) throw answer.error
  }

  /** What stands in the member `result` of the document for a value, as Celery's `encode`. */
  encode(value: Value): unknown {
    return this.#documents.encode(value)
  }

  /** The value that stands in the member `result` of a document, in either mode, as Celery's `decode`. */
  decode(result: unknown): Value | undefined {
    return this.#documents.decode(result)
  }

  exceptionSafeToRetry(error: unknown): boolean {
    return isSafeToRetry(error)
  }

  asUri(options: { readonly includePassword?: boolean } = {}): string {
    return addressText(this.#options, options.includePassword)
  }

  /** Closes the client that it made. One that was passed in stays as it is. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#close()
    return this.#disposal
  }

  async #close(): Promise<void> {
    this.#requests.close()
    if (this.#options.client === undefined) await this.#client?.close()
  }

  async #exist(keys: readonly Key[], options?: CallOptions): Promise<readonly boolean[]> {
    const hits = await this.#requests.mget(keys, { ...options, members: presenceMembers })
    const now = this.#clock()
    return hits.map((hit) => hit.found === true && !hasExpired(hit, now))
  }

  async #setAll(writes: readonly Write[], options: CallOptions = {}): Promise<readonly BulkOutcome[]> {
    if (this.#options.setUp !== false) await this.#setUp.ready()
    const now = this.#clock()
    const drafts = writes.map((write) => this.#draft(write, now))
    const operations = drafts.filter((draft) => 'key' in draft)
    const answers = (await this.#sendAll(operations, options))[Symbol.iterator]()
    return drafts.map((draft) => ('key' in draft ? outcomeOf(answers.next().value) : draft))
  }

  /** What is to be sent, or the outcome where there is no need to. */
  #draft(write: Write, now: number): Operation | BulkOutcome {
    const { key, if: condition } = write
    const over = condition === undefined || condition === 'absent' ? undefined : sequenceNumberOf(condition, now)
    if (condition !== undefined && condition !== 'absent' && over === undefined) return { written: false }
    const { source, expiresAtMs } = this.#documents.draft(write, now)
    const bytes = Buffer.byteLength(source)
    if (bytes > this.#maxRequestBytes) return { error: tooLarge(bytes, this.#maxRequestBytes) }
    return { key, action: condition === 'absent' ? 'create' : 'index', over, source, expiresAtMs }
  }

  /** A create that was refused met something: what can be seen is told, and what has expired is written over. */
  async #sendAll(operations: readonly Operation[], options: CallOptions): Promise<readonly Answer[]> {
    const answers = await this.#requests.bulk(operations, options)
    const refused = operations.filter(({ action }, at) => action === 'create' && answers[at] === 'conflict')
    if (refused.length === 0) return answers
    const later = await this.#lookAt(refused, options)
    return operations.map(({ key }, at) => later.get(key) ?? answers[at] ?? 'conflict')
  }

  async #lookAt(refused: readonly Operation[], options: CallOptions): Promise<ReadonlyMap<Key, Answer>> {
    const answers = new Map<Key, Answer>()
    const again: Operation[] = []
    try {
      const keys = refused.map(({ key }) => key)
      const hits = await this.#requests.mget(keys, options)
      const now = this.#clock()
      for (const [at, operation] of refused.entries()) {
        const hit = hits[at] ?? {}
        const stored = this.#documents.stored(hit, now)
        if (stored !== undefined) answers.set(operation.key, { written: false, stored })
        else if (hit.found === true) again.push({ ...operation, action: 'index', over: stateOf(hit) })
      }
      const written = await this.#requests.bulk(again, options)
      for (const [at, { key }] of again.entries()) answers.set(key, written[at] ?? 'conflict')
    } catch (error) {
      for (const { key } of refused) if (!answers.has(key)) answers.set(key, { error })
    }
    return answers
  }

  async #scan(prefix: string, cursor: string | undefined, options: CallOptions): Promise<ScanPage> {
    const page =
      cursor === undefined
        ? await firstPage(this.#requests, { match_all: {} }, options)
        : await nextPage(this.#requests, cursor, options)
    const now = this.#clock()
    const { hits, ...rest } = page
    const keys = hits.filter((hit) => !hasExpired(hit, now)).map(({ _id: key }) => key)
    return { ...rest, keys: keys.filter((key) => key.startsWith(prefix)) }
  }

  /** Every write of a shard has a number, and deletes have too. */
  async #revision(options?: CallOptions): Promise<string> {
    const querystring = { level: 'shards', filter_path: 'indices.*.uuid,indices.*.shards.*.seq_no.max_seq_no' }
    try {
      const path = this.#requests.path('_stats/indexing')
      return JSON.stringify(await this.#requests.send({ method: 'GET', path, querystring }, options))
    } catch (error) {
      if (isMissing(error)) return 'no index'
      throw error
    }
  }
}

function outcomeOf(answer: Answer | undefined): BulkOutcome {
  return typeof answer === 'object' ? answer : { written: false }
}
