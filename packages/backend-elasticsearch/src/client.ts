import { Client, type ClientOptions, SniffingTransport } from '@elastic/elasticsearch'
import type { CloudOptions, ElasticsearchBackendOptions, UrlOptions } from './options.ts'
import { unsupported } from './errors.ts'
import { addressOf } from './url.ts'

/** What is used of a client of Elasticsearch, so that any copy of it can be passed in. */
export interface ElasticsearchClient {
  readonly transport: {
    request(request: TransportRequest, options?: TransportOptions): Promise<unknown>
  }
  readonly connectionPool: { readonly connections: readonly { readonly url: URL }[] }
  close(): Promise<void>
}

export interface TransportRequest {
  readonly method: string
  readonly path: string
  readonly querystring?: Readonly<Record<string, unknown>>
  readonly body?: object
  /** Lines of JSON, each with its end. */
  readonly bulkBody?: string
}

export interface TransportOptions {
  readonly signal?: AbortSignal
  readonly maxRetries?: number
}

const defaultTimeoutMs = 10_000
const defaultMaxRetries = 3

/** The client takes the option for a request or for a transport, but not for itself. */
class TimeoutRetryingTransport extends SniffingTransport {
  constructor(options: ConstructorParameters<typeof SniffingTransport>[0]) {
    super({ ...options, retryOnTimeout: true })
  }
}

/** Connects to nothing yet. */
export function clientOf(options: UrlOptions | CloudOptions): ElasticsearchClient {
  const { tls, caFingerprint, timeoutMs = defaultTimeoutMs, maxRetries = defaultMaxRetries } = options
  const settings: ClientOptions = { requestTimeout: timeoutMs, maxRetries, ...targetOf(options) }
  const auth = authOf(options)
  if (auth !== undefined) settings.auth = auth
  if (tls !== undefined) settings.tls = tls
  if (caFingerprint !== undefined) settings.caFingerprint = caFingerprint
  if (options.retryOnTimeout === true) settings.Transport = TimeoutRetryingTransport
  return new Client(settings)
}

function targetOf(options: UrlOptions | CloudOptions): ClientOptions {
  return options.url === undefined ? { cloud: { id: options.cloudId } } : { node: addressOf(options.url).node }
}

function authOf({ url, apiKey, ...options }: UrlOptions | CloudOptions): ClientOptions['auth'] {
  if (apiKey !== undefined) return { apiKey }
  const { username, password } = { ...(url !== undefined && addressOf(url)), ...options }
  return username !== undefined && password !== undefined ? { username, password } : undefined
}

/** What the documents are kept in. */
export function indexOf(options: ElasticsearchBackendOptions): string {
  const address = options.url === undefined ? undefined : addressOf(options.url)
  const docType = 'docType' in options ? options.docType : undefined
  refuseTypes(docType ?? address?.docType)
  return options.index ?? address?.index ?? 'celery'
}

function refuseTypes(docType: string | undefined): void {
  if (docType === undefined) return
  throw unsupported(`Types of documents ended with Elasticsearch 7: leave out the type ${docType}`)
}

/** The address, as Celery would write it. */
export function addressText(options: ElasticsearchBackendOptions, includePassword = false): string {
  const index = indexOf(options)
  if (options.client !== undefined) return textOf(options.client.connectionPool.connections[0]?.url.origin, '', index)
  if (options.url === undefined) return textOf(`https://${options.cloudId.split(':', 1)[0]}`, '', index)
  const address = addressOf(options.url)
  const { username, password } = { ...address, ...options }
  const hasAccess = username !== undefined && password !== undefined
  const access = hasAccess
    ? `${encodeURIComponent(username)}:${includePassword ? encodeURIComponent(password) : '**'}@`
    : ''
  return textOf(address.node, access, index)
}

function textOf(node = 'http://localhost:9200', access: string, index: string): string {
  const [scheme = '', place = ''] = node.split('://', 2)
  return `elasticsearch${scheme === 'https' ? '+https' : ''}://${access}${place}/${index}`
}
