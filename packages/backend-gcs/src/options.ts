import type { FirestoreClient, FirestoreSettings, StorageClient } from './clients.ts'
import { misconfigured } from './errors.ts'
import { addressOf } from './url.ts'

/** What goes with an address and with a bucket's name. What an address says, wins. */
export interface GcsSettings {
  /** The project of the bucket. Needed unless a client is passed. */
  readonly project?: string
  /** A folder in the bucket for all objects. Default: none. */
  readonly basePath?: string
  /** How long results are kept, in seconds, whatever `Results` says; 0 leaves it to `Results`. Default: 0. */
  readonly ttlSeconds?: number
  /** How many requests to Cloud Storage may be under way at a time. Default: 100. */
  readonly maxParallelRequests?: number
  /** After so long without an answer a request is given up. Default: 60,000. */
  readonly timeoutMs?: number
  /** Of an emulator or a private endpoint. Default: `STORAGE_EMULATOR_HOST`, else the service itself. */
  readonly apiEndpoint?: string
  /**
   * Where chords are counted: a client, or how to make one. All processes must agree on it. Default: nowhere but in the
   * bucket, and Firestore's package is not even loaded.
   */
  readonly firestore?: FirestoreClient | FirestoreSettings
  /** Milliseconds since 1970, for tests that move time. Default: `Date.now`, put right by what the servers' answers tell. */
  readonly clock?: () => number
}

/** Celery's address: `gs://bucket/base/path?gcs_project=…`. */
export interface UrlOptions extends GcsSettings {
  readonly url: string
  readonly bucket?: never
  readonly storage?: never
}

export interface BucketOptions extends GcsSettings {
  readonly bucket: string
  /** A client of yours. Its credentials and endpoint are used. Default: one that is made at the first use. */
  readonly storage?: StorageClient
  readonly url?: never
}

export type GcsBackendOptions = UrlOptions | BucketOptions

/** The options with every default filled in. */
export interface Settings {
  readonly bucket: string
  readonly basePath: string
  readonly ttlSeconds: number
  readonly project: string | undefined
  readonly storage: StorageClient | undefined
  readonly firestore: FirestoreClient | FirestoreSettings | undefined
  readonly apiEndpoint: string | undefined
  readonly maxParallelRequests: number
  readonly timeoutMs: number
  readonly clock: (() => number) | undefined
}

/** The longest name of an object, in bytes. */
export const maxNameBytes = 1024
/** So much of it must be left for a key. */
const leastKeyBytes = 512

export function settingsOf(options: GcsBackendOptions): Settings {
  const given: GcsSettings & { readonly bucket: string } =
    options.url === undefined ? options : { ...options, ...addressOf(options.url) }
  const settings: Settings = {
    bucket: given.bucket,
    basePath: (given.basePath ?? '').replace(/^\/+|\/+$/gu, ''),
    ttlSeconds: given.ttlSeconds ?? 0,
    project: given.project,
    storage: options.url === undefined ? options.storage : undefined,
    firestore: isFirestoreClient(options.firestore) ? options.firestore : given.firestore,
    apiEndpoint: given.apiEndpoint,
    maxParallelRequests: given.maxParallelRequests ?? 100,
    timeoutMs: given.timeoutMs ?? 60_000,
    clock: given.clock,
  }
  refuseNonsense(settings)
  return settings
}

export function isFirestoreClient(value: FirestoreClient | FirestoreSettings | undefined): value is FirestoreClient {
  return value !== undefined && 'collection' in value
}

function refuseNonsense({ bucket, project, storage, ttlSeconds, maxParallelRequests, basePath }: Settings): void {
  if (bucket === '') throw misconfigured('The bucket is missing: gs://bucket, gcs_bucket or the option bucket')
  if (storage === undefined && (project ?? '') === '') {
    throw misconfigured('The project of the bucket is missing: gcs_project, the option project, or a client as storage')
  }
  if (!Number.isFinite(ttlSeconds) || ttlSeconds < 0) throw misconfigured('gcs_ttl is a number of seconds, at least 0')
  if (!Number.isSafeInteger(maxParallelRequests) || maxParallelRequests < 1) {
    throw misconfigured('gcs_threadpool_maxsize is a whole number of requests at a time, at least 1')
  }
  const room = maxNameBytes - Buffer.byteLength(basePath) - 1
  if (room < leastKeyBytes) throw misconfigured(`The base path leaves but ${room} bytes of an object's name for keys`)
}
