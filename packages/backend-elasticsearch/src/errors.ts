import { BackendError, type BackendErrorCode } from '@arpeggio/core'

/** What a status of the server says, where nothing more is known. */
const statuses: ReadonlyMap<number, BackendErrorCode> = new Map([
  [400, 'misconfigured'], // our requests are well-formed: a mapping or a setting refuses them
  [401, 'misconfigured'],
  [403, 'misconfigured'],
  [404, 'misconfigured'], // no index, and it may not be made
  [405, 'misconfigured'],
  [406, 'misconfigured'],
  [408, 'uncertain'],
  [409, 'conflict'],
  [413, 'too-large'],
  [415, 'misconfigured'],
  [429, 'unavailable'],
  [500, 'uncertain'],
  [502, 'uncertain'],
  [504, 'uncertain'],
  [507, 'unavailable'],
])

/** Celery's list, with the two that it forgot. */
const retriedStatuses: ReadonlySet<unknown> = new Set([401, 409, 429, 500, 502, 503, 504])

/** Said by the client when no connection came about, so that nothing can have been sent. Of several addresses it names none. */
const unreachable = /^connect |^getaddrinfo |^Connect Timeout|^connection failed \(/u
const certificate = /certificate|altnames|wrong version number|SSL routines|packet length too long/iu

/** An error as the server tells it. */
export interface Reason {
  readonly type?: string
  readonly reason?: string
}

export interface Circumstances {
  /** Who was asked, for people. */
  readonly address: string
  readonly signal?: AbortSignal | undefined
  readonly isDisposed: boolean
}

/** The client's error as the contract names it. What no code fits stays as it is. */
export function toBackendError(error: unknown, { address, signal, isDisposed }: Circumstances): unknown {
  if (!(error instanceof Error)) return error
  const { name, message } = error
  if (name === 'ResponseError') return answered(statusOf(error) ?? 0, reasonOf(error), address, error)
  if (name === 'RequestAbortedError' && signal?.aborted === true) return aborted(signal)
  const code = codeOf(error)
  if (code === undefined) return error
  if (isDisposed && code !== 'misconfigured') return disposed(error)
  return new BackendError(code, `Elasticsearch at ${address}: ${message}`, { cause: error })
}

/** What the server answered, to a request or to one write of many. */
export function answered(status: number, { type, reason }: Reason, address: string, cause?: unknown): BackendError {
  // Without a reason it is not the server's own word, but that of something before it which may have passed the request on.
  const refused = type === undefined ? 'uncertain' : 'unavailable'
  const code = status === 503 ? refused : (statuses.get(status) ?? 'uncertain')
  const said = [type, reason].filter((word) => word !== undefined).join(': ')
  return new BackendError(code, `Elasticsearch at ${address} answered ${status}${said && ` ${said}`}`, { cause })
}

/** What Celery would try again, and what it should: being busy and being away. */
export function isSafeToRetry(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return connectionErrors.has(error.name) || retriedStatuses.has(statusOf(error))
}

/** Whether the server answered that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return answerOf(error) === 404
}

/** The status that the server answered a request with. */
export function answerOf(error: unknown): number | undefined {
  const cause = BackendError.is(error) ? error.cause : undefined
  return cause instanceof Error ? statusOf(cause) : undefined
}

export function aborted(signal: AbortSignal): BackendError {
  return new BackendError('aborted', 'The operation was aborted', { cause: signal.reason })
}

export function disposed(cause?: unknown): BackendError {
  return new BackendError('disposed', 'The Elasticsearch backend was closed', cause === undefined ? {} : { cause })
}

export function misconfigured(message: string, cause?: unknown): BackendError {
  return new BackendError('misconfigured', message, cause === undefined ? {} : { cause })
}

export function unsupported(message: string): BackendError {
  return new BackendError('unsupported', message)
}

export function tooLarge(bytes: number, limit: number): BackendError {
  return new BackendError('too-large', `The document takes ${bytes} bytes, over the ${limit} of a request`)
}

export function unanswered(address: string): BackendError {
  return new BackendError('uncertain', `Elasticsearch at ${address} left some of what was asked of it unanswered`)
}

const connectionErrors: ReadonlySet<string> = new Set(['ConnectionError', 'TimeoutError', 'NoLivingConnectionsError'])

function codeOf({ name, message }: Error): BackendErrorCode | undefined {
  switch (name) {
    case 'NoLivingConnectionsError':
      return 'unavailable'
    case 'ConnectionError':
      if (certificate.test(message)) return 'misconfigured'
      return unreachable.test(message) ? 'unavailable' : 'uncertain'
    case 'TimeoutError':
    case 'DeserializationError':
      return 'uncertain'
    case 'RequestAbortedError':
      return 'too-large' // nobody aborted it but the client, for an answer longer than it takes
    case 'ConfigurationError':
    case 'ProductNotSupportedError':
      return 'misconfigured'
    default:
      return undefined
  }
}

function statusOf(error: Error): number | undefined {
  return 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined
}

function reasonOf(error: Error): Reason {
  const body = 'body' in error ? error.body : undefined
  const reason = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  return typeof reason === 'object' && reason !== null ? reason : {}
}
