/** Why an operation on a store failed. The codes are API; messages are for people and may change. */
export type BackendErrorCode =
  /** The store could not be reached or refused for now; the operation was surely not applied. */
  | 'unavailable'
  /** The answer was lost; the operation may have been applied. */
  | 'uncertain'
  /** The caller's time was over before the operation ended. */
  | 'timeout'
  /** The caller's signal ended the operation. */
  | 'aborted'
  /** The operation contradicts what is stored. */
  | 'conflict'
  /** A key or value is over the store's limits. */
  | 'too-large'
  /** What is stored cannot be decoded, or must not be. */
  | 'unreadable'
  /** This store or this configuration cannot do that. */
  | 'unsupported'
  /** Credentials, addresses, options or packages are wrong or missing. */
  | 'misconfigured'
  /** The object was closed. */
  | 'disposed'
  /** What was asked for is past its expiry. */
  | 'expired'
  /** What was asked for is not there (any more). */
  | 'not-found'

const brand = Symbol.for('@arpeggio/core/BackendError')

/** The one error that Arpeggio itself rejects with. A task's own failure is data and surfaces as a `TaskError`. */
export class BackendError extends Error {
  override readonly name = 'BackendError'
  readonly code: BackendErrorCode

  static {
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  constructor(code: BackendErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  /** Recognises errors of any installed copy of core, optionally with one of the codes. */
  static is(value: unknown, ...codes: readonly BackendErrorCode[]): value is BackendError {
    if (!(value instanceof Error) || !(brand in value) || !('code' in value)) return false
    return codes.length === 0 || codes.some((code) => code === value.code)
  }
}
