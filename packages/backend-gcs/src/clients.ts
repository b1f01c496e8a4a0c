import { misconfigured } from './errors.ts'

/** What is used of `Storage` of `@google-cloud/storage`. */
export interface StorageClient {
  readonly apiEndpoint: string
  readonly customEndpoint?: boolean
  readonly useAuthWithCustomEndpoint?: boolean
  readonly authClient: { getRequestHeaders(url?: string): Promise<Iterable<readonly [string, string]>> }
  bucket(name: string): StorageBucket
}

interface StorageBucket {
  file(name: string): StorageFile
}

interface StorageFile {
  save(data: Uint8Array, options: SaveOptions): Promise<unknown>
  readonly metadata: { readonly generation?: string | number }
}

interface SaveOptions {
  readonly resumable: boolean
  readonly metadata: { readonly contentType: string; readonly customTime?: string }
  readonly preconditionOpts?: { readonly ifGenerationMatch: string }
}

/** What is used of `Firestore` of `@google-cloud/firestore`. */
export interface FirestoreClient {
  collection(path: string): FirestoreCollection
  getAll(...documentsOrOptions: unknown[]): Promise<readonly FirestoreSnapshot[]>
  batch(): FirestoreBatch
  readonly databaseId?: string
  terminate(): Promise<void>
}

interface FirestoreCollection {
  doc(id: string): FirestoreDocument
  orderBy(field: string): FirestoreQuery
}

interface FirestoreQuery {
  startAt(value: string): FirestoreQuery
  startAfter(value: string): FirestoreQuery
  endBefore(value: string): FirestoreQuery
  limit(count: number): FirestoreQuery
  select(field: string): FirestoreQuery
  get(): Promise<{ readonly docs: readonly FirestoreSnapshot[] }>
}

export interface FirestoreDocument {
  readonly id: string
}

export interface FirestoreBatch {
  create(document: FirestoreDocument, data: FirestoreFields): unknown
  set(document: FirestoreDocument, data: FirestoreFields, options?: object): unknown
  update(document: FirestoreDocument, data: FirestoreFields, precondition: object): unknown
  delete(document: FirestoreDocument): unknown
}

/** What a batch has beside what it declares: which errors it may send itself again after, and what the server answered. */
export interface RawBatch {
  _commit(options: { readonly retryCodes: readonly number[] }): Promise<RawCommit>
}

interface RawCommit {
  readonly writeResults?: readonly RawWrite[] | null
  readonly commitTime?: RawTime | null
}

interface RawWrite {
  readonly updateTime?: RawTime | null
  readonly transformResults?: readonly { readonly integerValue?: unknown }[] | null
}

interface RawTime {
  readonly seconds?: unknown
  readonly nanos?: number | null
}

export interface FirestoreSnapshot {
  readonly id: string
  readonly exists: boolean
  /** When the document was written last. */
  readonly updateTime?: FirestoreTime
  readonly readTime: FirestoreTime
  get(field: string): unknown
}

export interface FirestoreTime {
  readonly seconds: number
  readonly nanoseconds: number
  toMillis(): number
}

type FirestoreFields = Record<string, unknown>

export interface StorageSettings {
  readonly project: string | undefined
  readonly apiEndpoint: string | undefined
}

/** Loaded at the first use, so that a package that is missing is named. */
export async function openStorage({ project, apiEndpoint }: StorageSettings): Promise<StorageClient> {
  const { Storage } = await imported('@google-cloud/storage', () => import('@google-cloud/storage'))
  return new Storage({ ...(project !== undefined && { projectId: project }), ...(apiEndpoint && { apiEndpoint }) })
}

export interface FirestoreSettings {
  /** Default: the project of the bucket. */
  readonly project?: string
  /** Celery knows but the default one. Default: `(default)`. */
  readonly database?: string
  /** Of an emulator, `host:port`. Default: `FIRESTORE_EMULATOR_HOST`, else the service itself. */
  readonly emulatorHost?: string
  /** Where `check` and `provision` find the TTL policies. Default: the service itself, and nowhere for an emulator. */
  readonly adminEndpoint?: string
}

/** Loaded at the first use: who keeps objects alone need not have it. */
export async function openFirestore(settings: FirestoreSettings, project?: string): Promise<FirestoreClient> {
  const { Firestore } = await imported('@google-cloud/firestore', () => import('@google-cloud/firestore'))
  const { database, project: projectId = project, emulatorHost = process.env['FIRESTORE_EMULATOR_HOST'] } = settings
  return new Firestore({
    ...(projectId !== undefined && { projectId }),
    ...(database !== undefined && { databaseId: database }),
    ...(emulatorHost !== undefined && { host: emulatorHost, ssl: false, auth: anonymous }),
  })
}

/** An emulator asks for no credentials, and looking for some takes seconds where there are none. */
const anonymous = { getUniverseDomain: async () => 'googleapis.com' }

export function isRawBatch(batch: FirestoreBatch): batch is FirestoreBatch & RawBatch {
  return '_commit' in batch
}

/** The state of a document as its own class of times, which a precondition wants. */
export async function timestamp(state: string): Promise<object> {
  const { Timestamp } = await imported('@google-cloud/firestore', () => import('@google-cloud/firestore'))
  const [seconds, nanoseconds] = state.split('.')
  return new Timestamp(Number(seconds), Number(nanoseconds ?? 0))
}

/** What a document's field is to be written as to become so much more. */
export async function increment(by: number): Promise<unknown> {
  const { FieldValue } = await imported('@google-cloud/firestore', () => import('@google-cloud/firestore'))
  return FieldValue.increment(by)
}

async function imported<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load()
  } catch (error) {
    throw misconfigured(`${name} is missing: install it beside @arpeggio/backend-gcs`, error)
  }
}
