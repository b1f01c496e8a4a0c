import { BackendError, type BackendErrorCode } from '@arpeggio/core'

/** What an operation may have done when its answer stays away. */
export type Act = 'read' | 'write'

/** Answers of the servers that say nothing about what was asked for, but about themselves. */
const passing: ReadonlySet<number> = new Set([408, 500, 502, 503, 504])
/** Refused because of its rate, so surely not done. Uploads in pieces are told 410 for the same reason. */
const refusedRates: ReadonlySet<number> = new Set([410, 429])
const quotaReason = /rateLimitExceeded|userRateLimitExceeded|quotaExceeded|RESOURCE_EXHAUSTED/u

/** Before these a request was never sent. */
const unsent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])
const certificate = /CERT|_TLS_|_SSL_|SELF_SIGNED|ISSUER/u

/** Status codes of gRPC, which Firestore speaks. */
export const grpc = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** `perhaps`: an answer that was lost. */
const grpcCodes: ReadonlyMap<number, BackendErrorCode | 'perhaps'> = new Map([
  [grpc.cancelled, 'perhaps'],
  [grpc.unknown, 'perhaps'],
  [grpc.deadlineExceeded, 'perhaps'],
  [grpc.internal, 'perhaps'],
  [grpc.unavailable, 'perhaps'],
  [grpc.notFound, 'misconfigured'], // the database: a document that is missing is handled where it is asked for
  [grpc.resourceExhausted, 'unavailable'],
  [grpc.aborted, 'unavailable'],
  [grpc.permissionDenied, 'misconfigured'],
  [grpc.unauthenticated, 'misconfigured'],
])

/** An answer of Cloud Storage that no code of ours fits. */
class StorageAnswerError extends Error {
  override readonly name = 'StorageAnswerError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** An answer of Cloud Storage other than success, as the contract names it. */
export function answerError(status: number, text: string, { act, what }: { act: Act; what: string }): Error {
  const code = answerCode(status, text, act)
  const message = `Cloud Storage: ${what}: ${status} ${messageIn(text)}`
  return code === undefined ? new StorageAnswerError(status, message) : new BackendError(code, message)
}

/** A request to Cloud Storage that got no answer. */
export function requestError(error: unknown, { act, what }: { act: Act; what: string }): unknown {
  if (BackendError.is(error)) return error
  const system = systemCode(error)
  const isCertificate = certificate.test(system)
  if (!isCertificate && system === '' && !isTimeout(error)) return error
  const code = isCertificate ? 'misconfigured' : unsent.has(system) ? 'unavailable' : lost(act)
  return new BackendError(code, `Cloud Storage: ${what}: ${deepest(error)}`, { cause: error })
}

/** The official client's error, which carries the status of the answer. */
export function clientError(error: unknown, place: { act: Act; what: string }): unknown {
  const status = statusOf(error)
  return status === undefined ? requestError(error, place) : answerError(status, messageOf(error), place)
}

/** The status of the answer that the official client took for an error; it tells it as a number or as text. */
export function statusOf(error: unknown): number | undefined {
  const status = Number(codeOf(error))
  return Number.isInteger(status) ? status : undefined
}

/** An error of Firestore, as the contract names it. What no code fits stays as it is. */
export function firestoreError(error: unknown, act: Act): unknown {
  if (BackendError.is(error)) return error
  const status = codeOf(error)
  const known = typeof status === 'number' ? grpcCodes.get(status) : undefined
  const code = known === 'perhaps' ? lost(act) : known
  if (code !== undefined) return new BackendError(code, `Firestore: ${messageOf(error)}`, { cause: error })
  const isTooLarge = status === grpc.invalidArgument && /longer than|exceeds the maximum/iu.test(messageOf(error))
  return isTooLarge ? new BackendError('too-large', `Firestore: ${messageOf(error)}`, { cause: error }) : error
}

/** Credentials that cannot be had. */
export function credentialsError(error: unknown): unknown {
  if (systemCode(error) !== '') return requestError(error, { act: 'read', what: 'credentials' })
  return misconfigured(`Cloud Storage: no credentials: ${messageOf(error)}`, error)
}

/** What another try of the same may change: what is passing, in the words of either service. */
export function isSafeToRetry(error: unknown): boolean {
  if (error instanceof StorageAnswerError) return passing.has(error.status) || refusedRates.has(error.status)
  const status = codeOf(error)
  if (typeof status === 'number') return passing.has(status) || refusedRates.has(status) || isPassingGrpc(status)
  return systemCode(error) !== '' && !certificate.test(systemCode(error))
}

export function hasGrpcCode(error: unknown, ...codes: readonly number[]): boolean {
  return codes.some((code) => code === codeOf(error))
}

export function aborted(signal: AbortSignal): BackendError {
  return new BackendError('aborted', 'The operation was aborted', { cause: signal.reason })
}

export function disposed(): BackendError {
  return new BackendError('disposed', 'The Google Cloud Storage backend was closed')
}

export function misconfigured(message: string, cause?: unknown): BackendError {
  return new BackendError('misconfigured', message, cause === undefined ? {} : { cause })
}

export function unsupported(message: string): BackendError {
  return new BackendError('unsupported', message)
}

export function tooLarge(message: string): BackendError {
  return new BackendError('too-large', message)
}

function isPassingGrpc(status: number): boolean {
  const code = grpcCodes.get(status)
  return code === 'perhaps' || code === 'unavailable'
}

function answerCode(status: number, text: string, act: Act): BackendErrorCode | undefined {
  if (refusedRates.has(status) || (status === 403 && quotaReason.test(text))) return 'unavailable'
  if (passing.has(status)) return lost(act)
  if (status === 401 || status === 403 || status === 404) return 'misconfigured'
  return status === 413 ? 'too-large' : undefined
}

function lost(act: Act): BackendErrorCode {
  return act === 'read' ? 'unavailable' : 'uncertain'
}

/** What the server says in words, out of its JSON or its HTML. */
function messageIn(text: string): string {
  try {
    const body = JSON.parse(text) as { error?: { message?: unknown } } // read with care below
    if (typeof body.error?.message === 'string') return body.error.message
  } catch {
    // Not JSON: as it is.
  }
  return text.slice(0, 200)
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

/** `fetch` hides what happened to the connection in the cause. */
function systemCode(error: unknown): string {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string') return each.code
  }
  return ''
}

function deepest(error: unknown): string {
  let message = messageOf(error)
  for (let each: unknown = error; each instanceof Error; each = each.cause) message = each.message || message
  return message
}

/** The official client also rejects with plain objects. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)
}
