import type { ConnectionOptions } from 'node:tls'
import type { ElasticsearchClient } from './client.ts'

/** What goes with every way to reach a server. */
export interface SharedOptions {
  /** Default: what the address says, else `celery`. */
  readonly index?: string
  /** As Celery's setting: whether a document is kept as one text, or as an object that can be searched. Peers must agree. Default: true. */
  readonly saveMetaAsText?: boolean
  /** Whether the index gets its mapping and its template before the first write. Without, all is left as it is. Default: true. */
  readonly setUp?: boolean
  /** The ILM policy that the index is given when it is made here. */
  readonly lifecyclePolicy?: string
  /** The server's `http.max_content_length`. Default: 104,857,600. */
  readonly maxRequestBytes?: number
  /** Milliseconds since the epoch, for tests that move time. Default: `Date.now`. */
  readonly clock?: () => number
}

/** How a client of ours is made. The defaults are Celery's. */
export interface ConnectionSettings extends SharedOptions {
  /** Used together with a password only. */
  readonly username?: string
  readonly password?: string
  readonly apiKey?: string
  /** Node's TLS options, `ca` among them. */
  readonly tls?: ConnectionOptions
  /** SHA-256 fingerprint of the certificate that signed the server's. */
  readonly caFingerprint?: string
  /** Default: 10,000. */
  readonly timeoutMs?: number
  /** How often the client repeats a read by itself. Writes are left to `Results`, which can tell what became of them. Default: 3. */
  readonly maxRetries?: number
  /** Whether a read that timed out is among what the client repeats. Default: false. */
  readonly retryOnTimeout?: boolean
  /** Refused: no server that this client can talk to has types. */
  readonly docType?: string
}

/** An address as Celery takes it: `elasticsearch://user:password@host:port/index`, or `elasticsearch+https://…`. */
export interface UrlOptions extends ConnectionSettings {
  readonly url: string
  readonly cloudId?: never
  readonly client?: never
}

export interface CloudOptions extends ConnectionSettings {
  readonly cloudId: string
  readonly url?: never
  readonly client?: never
}

/** A client of the application, never closed. */
export interface ClientOptions extends SharedOptions {
  readonly client: ElasticsearchClient
  readonly url?: never
  readonly cloudId?: never
}

/** Exactly one way to reach the server. */
export type ElasticsearchBackendOptions = UrlOptions | CloudOptions | ClientOptions
