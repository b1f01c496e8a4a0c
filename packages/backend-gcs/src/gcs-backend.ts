import type {
  Backend,
  BackendLimits,
  CallOptions,
  Check,
  ChordLedgerFactory,
  Key,
  LedgerContext,
  Presence,
  Scan,
  ScanPage,
  SetOutcome,
  Stored,
  Write,
} from '@arpeggio/core'
import { abortable } from './abortable.ts'
import { type FirestoreClient, openFirestore, openStorage, type StorageClient } from './clients.ts'
import { isOfChords } from './chord-keys.ts'
import { FirestoreLedger } from './chords/firestore-ledger.ts'
import type { LedgerStore } from './chords/ledger-store.ts'
import { Counters } from './counters.ts'
import { Documents } from './documents.ts'
import { aborted, disposed, isSafeToRetry, misconfigured, unsupported } from './errors.ts'
import { graceSeconds } from './expiry.ts'
import { type Provisioning, findings, provision } from './provisioning.ts'
import { Objects } from './objects.ts'
import { type GcsBackendOptions, isFirestoreClient, maxNameBytes, type Settings, settingsOf } from './options.ts'
import { Requests } from './requests.ts'
import { ServerClock } from './server-clock.ts'

/** Keeps results in a bucket of Cloud Storage, and what chords count in Firestore if that is asked for. */
export class GcsBackend implements Backend {
  readonly specVersion = 1
  readonly name = 'gcs'
  readonly limits: BackendLimits

  readonly presence: Presence = {
    exists: (keys, options) => this.#call(options, () => this.#inBoth(keys, (store, some) => store.exists(some))),
  }
  readonly scan: Scan = { keys: (prefix, options = {}) => this.#call(options, () => this.#scan(prefix, options)) }
  readonly chords: ChordLedgerFactory = {
    open: (context) => (context.settings.peers === 'none' ? undefined : this.#sharedLedger(context)),
  }
  readonly check: Check = { run: (options) => this.#call(options, () => findings(this.#provisioning)) }

  readonly #settings: Settings
  readonly #objects: Objects
  readonly #documents: Documents | undefined
  readonly #counters: Counters | undefined
  readonly #provisioning: Provisioning
  readonly #clock: ServerClock
  readonly #client = (): Promise<FirestoreClient> =>
    this.#isDisposed || this.firestore === undefined ? Promise.reject(disposed()) : this.firestore
  #storage: Promise<StorageClient> | undefined
  #firestore: Promise<FirestoreClient> | undefined
  #isDisposed = false

  constructor(options: GcsBackendOptions) {
    this.#settings = settingsOf(options)
    const { bucket, basePath, clock: own, firestore } = this.#settings
    const clock = new ServerClock(own)
    const client = (): Promise<StorageClient> => this.storage
    const requests = new Requests(client, clock, this.#settings)
    this.#objects = new Objects({ requests, client, bucket, basePath, clock })
    this.#clock = clock
    this.#documents = firestore && new Documents(this.#client, clock)
    this.#counters = this.#documents && new Counters(this.#client, this.#documents, clock)
    this.#provisioning = { requests, settings: this.#settings }
    this.limits = limitsOf(basePath)
  }

  /** The client of Cloud Storage: the one that was passed in, or one that is made at the first use. */
  get storage(): Promise<StorageClient> {
    const { storage } = this.#settings
    this.#storage ??= storage === undefined ? openStorage(this.#settings) : Promise.resolve(storage)
    return this.#storage
  }

  /** The client of Firestore, in the same way; absent where objects alone are kept. */
  get firestore(): Promise<FirestoreClient> | undefined {
    const { firestore, project } = this.#settings
    if (firestore === undefined) return undefined
    this.#firestore ??= isFirestoreClient(firestore) ? Promise.resolve(firestore) : openFirestore(firestore, project)
    return this.#firestore
  }

  get(key: Key, options?: CallOptions): Promise<Stored | undefined> {
    return this.#call(options, () => this.#storeOf(key).get(key))
  }

  mget(keys: readonly Key[], options?: CallOptions): Promise<readonly (Stored | undefined)[]> {
    return this.#call(options, () => this.#inBoth(keys, (store, some) => store.mget(some)))
  }

  set(write: Write, options?: CallOptions): Promise<SetOutcome> {
    return this.#call(options, () => this.#storeOf(write.key).set(this.#withOwnLifetime(write)))
  }

  delete(keys: readonly Key[], options?: CallOptions): Promise<void> {
    return this.#call(options, async () => {
      const shares = Map.groupBy(new Set(keys), (key) => this.#storeOf(key))
      await Promise.all([...shares].map(([store, some]) => store.delete(some)))
    })
  }

  /** Adds one to a counter of Celery's and resolves to the new count. Needs Firestore; `unsupported` without it. */
  incr(key: Key, options?: CallOptions): Promise<number> {
    return this.#call(options, async () => {
      if (this.#counters === undefined)
        throw unsupported('Nothing is counted in a bucket: the option firestore is missing')
      return this.#counters.add(key)
    })
  }

  /** Creates what `check` finds missing, as far as the credentials allow it. */
  provision(options?: CallOptions): Promise<void> {
    return this.#call(options, () => provision(this.#provisioning))
  }

  exceptionSafeToRetry(error: unknown): boolean {
    return isSafeToRetry(error)
  }

  asUri(): string {
    const { bucket, basePath, project, firestore } = this.#settings
    const query = new URLSearchParams(project === undefined ? {} : { gcs_project: project })
    if (firestore !== undefined && !isFirestoreClient(firestore) && firestore.project !== undefined) {
      query.set('firestore_project', firestore.project)
    }
    return `gs://${bucket}${basePath === '' ? '' : `/${encodeURI(basePath)}`}${query.size === 0 ? '' : `?${query.toString()}`}`
  }

  /** Closes what it opened. A client that was passed in stays as it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return
    this.#isDisposed = true
    if (this.#settings.firestore === undefined || isFirestoreClient(this.#settings.firestore)) return
    const client = await this.#firestore?.catch(() => undefined)
    await client?.terminate()
  }

  /** Peers count in Firestore: where that is not used no chord of theirs can be joined. */
  #sharedLedger(context: LedgerContext): FirestoreLedger {
    const [documents, counters] = [this.#documents, this.#counters]
    if (documents === undefined || counters === undefined)
      throw misconfigured(
        "Celery's workers count the parts of chords in Firestore: pass the option firestore, or peers: 'none' to Results",
      )
    if (context.settings.firing === 'captured')
      throw unsupported("On this store peers fire what they complete: firing must be 'shared'")
    const store: LedgerStore = {
      documents,
      counters,
      client: this.#client,
      clock: this.#clock,
      ttlSeconds: this.#settings.ttlSeconds,
      get: (key) => this.get(key),
      set: (write) => this.set(write),
      exists: (keys) => this.presence.exists(keys),
    }
    return new FirestoreLedger(store, context)
  }

  async #call<Answer>(options: CallOptions | undefined, work: () => Promise<Answer>): Promise<Answer> {
    if (this.#isDisposed) throw disposed()
    const signal = options?.signal
    if (signal === undefined) return work()
    if (signal.aborted) throw aborted(signal)
    return abortable(work(), signal)
  }

  #storeOf(key: Key): Objects | Documents {
    return this.#documents !== undefined && isOfChords(key, { large: false }) ? this.#documents : this.#objects
  }

  /** Asks each store for its keys, and answers in the order of all. */
  async #inBoth<Answer>(
    keys: readonly Key[],
    ask: (store: Objects | Documents, some: readonly Key[]) => Promise<readonly Answer[]>,
  ): Promise<readonly Answer[]> {
    if (this.#documents === undefined) return ask(this.#objects, keys)
    const answers = new Map<Key, Answer>()
    await Promise.all(
      [...Map.groupBy(keys, (key) => this.#storeOf(key))].map(async ([store, some]) => {
        const own = await ask(store, some)
        for (const [at, key] of some.entries()) answers.set(key, own[at] as Answer) // one for each, in their order
      }),
    )
    return keys.map((key) => answers.get(key) as Answer) // each was asked for
  }

  /** First the objects, then the documents. */
  async #scan(prefix: string, { limit = 1_000, cursor = '' }: ScanOptions): Promise<ScanPage> {
    if (this.#documents !== undefined && cursor.startsWith(ofDocuments)) {
      const page = await this.#documents.scan(prefix, { limit, after: cursor.slice(ofDocuments.length) })
      // Celery's counters lie among them, and are no values.
      const keys = page.keys.filter((key) => isOfChords(key, { large: false }))
      return page.cursor === undefined ? { keys } : { keys, cursor: ofDocuments + page.cursor }
    }
    const token = cursor.slice(ofObjects.length)
    const page = await this.#objects.scan(prefix, { limit, token })
    if (page.cursor !== undefined) return { ...page, cursor: ofObjects + page.cursor }
    return this.#documents === undefined ? page : { ...page, cursor: ofDocuments }
  }

  /** What Celery calls `gcs_ttl` is about results; chords know themselves how long they need what they keep. */
  #withOwnLifetime(write: Write): Write {
    const { ttlSeconds } = this.#settings
    return ttlSeconds === 0 || isOfChords(write.key) ? write : { ...write, expiresInSeconds: ttlSeconds }
  }
}

type ScanOptions = NonNullable<Parameters<Scan['keys']>[1]>

const ofObjects = 'o:'
const ofDocuments = 'd:'

/** The limits of an object's name and of its rate. A value is held in memory, whatever the service can take. */
function limitsOf(basePath: string): BackendLimits {
  return {
    maxValueBytes: 512 * 1024 * 1024,
    maxKeyBytes: maxNameBytes - Buffer.byteLength(basePath) - 1,
    maxBatchKeys: 1_000,
    expiryPrecisionSeconds: graceSeconds,
    writesPerSecondPerKey: 1,
    pollFloorMs: 50,
  }
}
