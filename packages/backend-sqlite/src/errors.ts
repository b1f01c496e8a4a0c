import { BackendError, type BackendErrorCode } from '@arpeggio/core'

/** SQLite's primary result codes; an extended one has more in the bits above. */
const primary = {
  perm: 3,
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  tooBig: 18,
  auth: 23,
  notADatabase: 26,
} as const

const codes: ReadonlyMap<number, BackendErrorCode> = new Map([
  [primary.busy, 'unavailable'],
  [primary.locked, 'unavailable'],
  [primary.protocol, 'unavailable'],
  [primary.noMemory, 'unavailable'],
  [primary.full, 'unavailable'],
  [primary.ioError, 'unavailable'],
  [primary.corrupt, 'unreadable'],
  [primary.perm, 'misconfigured'],
  [primary.auth, 'misconfigured'],
  [primary.readOnly, 'misconfigured'],
  [primary.cannotOpen, 'misconfigured'],
  [primary.notADatabase, 'misconfigured'],
  [primary.tooBig, 'too-large'],
])

/** Somebody else holds a lock just now. `protocol` is SQLite's word for losing too many races for the write-ahead log. */
const passing: ReadonlySet<number | undefined> = new Set([primary.busy, primary.locked, primary.protocol])

/** After these SQLite may have rolled back the whole transaction, whichever statement met them. */
const fatal: ReadonlySet<number | undefined> = new Set([
  ...passing,
  primary.noMemory,
  primary.ioError,
  primary.corrupt,
  primary.full,
])

export function isBusy(error: unknown): boolean {
  return passing.has(resultCode(error))
}

export function endsTransaction(error: unknown): boolean {
  return fatal.has(resultCode(error))
}

/** The error as the contract names it. What no code fits stays as it is. */
export function toBackendError(error: unknown, path?: string): unknown {
  const code = codes.get(resultCode(error) ?? -1)
  const where = path === undefined ? 'SQLite' : `SQLite file ${path}`
  return code === undefined ? error : new BackendError(code, `${where}: ${messageOf(error)}`, { cause: error })
}

/** A commit that failed may have reached the log all the same, and count after the next recovery. */
export function commitFailed(error: unknown): BackendError {
  return new BackendError('uncertain', `SQLite failed to commit: ${messageOf(error)}`, { cause: error })
}

export function aborted(signal: AbortSignal): BackendError {
  return new BackendError('aborted', 'The operation was aborted', { cause: signal.reason })
}

export function disposed(): BackendError {
  return new BackendError('disposed', 'The SQLite backend was closed')
}

export function notWriteAhead(mode: unknown): BackendError {
  return new BackendError(
    'misconfigured',
    `SQLite cannot keep a write-ahead log here (journal mode ${String(mode)}); put the file on a local disk`,
  )
}

export function wrongUrl(url: string): BackendError {
  return new BackendError(
    'misconfigured',
    `Not an SQLite address: ${url}; expected sqlite:///absolute/path.db or sqlite://./relative/path.db, with ?durability=full or without`,
  )
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
