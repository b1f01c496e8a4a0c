import { BackendError, type BackendErrorCode } from '@arpeggio/core'

/** The first word of an error that the server answered with. It names what was surely not done. */
const replies: ReadonlyMap<string, BackendErrorCode> = new Map([
  ['LOADING', 'unavailable'],
  ['BUSY', 'unavailable'],
  ['OOM', 'unavailable'],
  ['READONLY', 'unavailable'], // a master that has become a replica
  ['MISCONF', 'unavailable'], // it cannot save to its disk just now
  ['NOREPLICAS', 'unavailable'],
  ['MASTERDOWN', 'unavailable'],
  ['CLUSTERDOWN', 'unavailable'],
  ['TRYAGAIN', 'unavailable'],
  ['UNBLOCKED', 'uncertain'],
  ['NOAUTH', 'misconfigured'],
  ['WRONGPASS', 'misconfigured'],
  ['NOPERM', 'misconfigured'],
  ['NOPROTO', 'misconfigured'],
  ['DENIED', 'misconfigured'], // protected mode
  ['MOVED', 'misconfigured'], // a cluster, seen through a client of one server
  ['ASK', 'misconfigured'],
  ['CROSSSLOT', 'misconfigured'],
  ['WRONGTYPE', 'unreadable'],
])

/** Errors that the server begins with nothing but `ERR`. */
const unnamed: readonly (readonly [RegExp, BackendErrorCode])[] = [
  [/^ERR max number of clients/u, 'unavailable'],
  [/^ERR (?:AUTH|invalid password|Client sent AUTH|invalid DB index|DB index is out of range)/iu, 'misconfigured'],
  [/^ERR SELECT is not allowed in cluster mode/u, 'misconfigured'],
  [/^ERR unknown command|^ERR This instance has cluster support disabled/iu, 'unsupported'],
  [/invalid bulk length|string exceeds maximum allowed size|max(?:imum)? (?:allowed )?size \(/iu, 'too-large'],
]

/** Said by ioredis when the connection took a command's answer with it. */
const lost =
  /^Connection is closed|^Reached the max retries per request|^Command aborted due to connection close|^Command timed out|^Socket timeout|^Too many Cluster redirections/u
/** Said by ioredis when it never had a connection to send the command on. */
const unreachable =
  /^Stream isn't writeable and enableOfflineQueue|^Failed to refresh slots cache|^Cluster is ended|^All sentinels are unreachable|^None of startup nodes|^Pending cluster/u

/** System errors of a connection that could not be made, or was broken. */
const system: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // a socket file that is not there yet
])
const certificate = /CERT|_TLS_|_SSL_|SELF_SIGNED|ISSUER/u

/** Where an error happened. */
export interface Circumstances {
  /** Whether the command may have reached the server. */
  readonly wasSent: boolean
  /** Who was asked, for people. */
  readonly address: string
  /** What last happened to the connection: ioredis hides it behind "max retries". */
  readonly connection?: unknown
  readonly isDisposed?: boolean
}

/** The client's error as the contract names it. What no code fits stays as it is. */
export function toBackendError(error: unknown, circumstances: Circumstances): unknown {
  if (BackendError.is(error)) return error
  if (circumstances.isDisposed === true && isOfConnection(error)) return disposed(error)
  const code = replyCode(error) ?? connectionCode(error, circumstances)
  if (code === undefined) return error
  return new BackendError(code, `Redis at ${circumstances.address}: ${explain(error, code, circumstances)}`, {
    cause: isOfConnection(error) ? (circumstances.connection ?? error) : error,
  })
}

/** What Celery would try again: anything of the connection, a server that is loading, and authentication. */
export function isSafeToRetry(error: unknown): boolean {
  return (
    isOfConnection(error) ||
    /^(?:LOADING|NOAUTH|WRONGPASS|ERR invalid password|ERR max number of clients)/u.test(messageOf(error))
  )
}

/** An error of one write of several, which the script answers as text. */
export function writeError(text: string, address: string): unknown {
  const error = new Error(text.replace(/^.*?@user_script:\s*\d+:\s*-?/u, ''))
  error.name = 'ReplyError'
  return toBackendError(error, { wasSent: true, address })
}

export function isMissingScript(error: unknown): boolean {
  return messageOf(error).startsWith('NOSCRIPT')
}

/** Refused by the server, whatever is tried again. */
export function isMisconfigured(error: unknown): boolean {
  return replyCode(error) === 'misconfigured'
}

export function aborted(signal: AbortSignal): BackendError {
  return new BackendError('aborted', 'The operation was aborted', { cause: signal.reason })
}

export function disposed(cause?: unknown): BackendError {
  return new BackendError('disposed', 'The Redis backend was closed', cause === undefined ? {} : { cause })
}

export function misconfigured(message: string, cause?: unknown): BackendError {
  return new BackendError('misconfigured', message, cause === undefined ? {} : { cause })
}

export function unsupported(message: string, cause?: unknown): BackendError {
  return new BackendError('unsupported', message, cause === undefined ? {} : { cause })
}

/** ioredis may have sent the command a second time, which then met itself. */
export function perhapsRepeated(address: string): BackendError {
  return new BackendError('uncertain', `Redis at ${address}: the connection was lost while the write was under way`)
}

export function notReplicated(wanted: string, got: string): BackendError {
  return new BackendError(
    'uncertain',
    `The write is in Redis, but not as durable as asked for: ${got} instead of ${wanted}`,
  )
}

/** A node of a cluster that has gone, or a slot between two masters: the next try may find it. */
export function nobodyHas(wanted: string, address: string): never {
  throw new BackendError('unavailable', `Redis at ${address}: no node of the cluster is known for ${wanted}`)
}

/** Where a key is, in the words of a node that does not have it, or not any more. */
export function redirectOf(error: unknown): { readonly kind: string; readonly address: string } | undefined {
  const reply = BackendError.is(error) ? messageOf(error.cause) : ''
  const [, kind, address] = /^(MOVED|ASK) \d+ (\S+)$/u.exec(reply) ?? []
  return kind === undefined || address === undefined ? undefined : { kind, address }
}

export function subscriberLost(address: string, cause?: unknown): BackendError {
  const because = cause === undefined ? '' : `: ${messageOf(cause)}`
  return new BackendError('unavailable', `Redis at ${address}: the subscriber connection was lost${because}`, { cause })
}

function replyCode(error: unknown): BackendErrorCode | undefined {
  const message = messageOf(error)
  const named = replies.get(/^-?([A-Z]+)(?: |$)/u.exec(message)?.[1] ?? '')
  return named ?? unnamed.find(([pattern]) => pattern.test(message))?.[1]
}

function connectionCode(error: unknown, { wasSent, connection }: Circumstances): BackendErrorCode | undefined {
  if (!isOfConnection(error)) return undefined
  const fatal = wasSent ? undefined : (replyCode(connection) ?? certificateCode(connection) ?? certificateCode(error))
  if (fatal !== undefined) return fatal
  return wasSent && !unreachable.test(messageOf(error)) ? 'uncertain' : 'unavailable'
}

function certificateCode(error: unknown): BackendErrorCode | undefined {
  return certificate.test(systemCode(error)) ? 'misconfigured' : undefined
}

function isOfConnection(error: unknown): boolean {
  const message = messageOf(error)
  const code = systemCode(error)
  return lost.test(message) || unreachable.test(message) || system.has(code) || certificate.test(code)
}

function explain(error: unknown, code: BackendErrorCode, { connection }: Circumstances): string {
  const message = isOfConnection(error) && connection !== undefined ? messageOf(connection) : messageOf(error)
  const isCluster = /^(?:MOVED|ASK|CROSSSLOT) /u.test(message)
  return isCluster && code === 'misconfigured'
    ? `${message}; this is a cluster, pass an ioredis Cluster as client`
    : message
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
