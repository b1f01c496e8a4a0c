import type { ChordPolicy } from '../canvas/chord-options.ts'
import { encodeException, type ExceptionData } from '../wire/exceptions.ts'
import { isRecord } from '../wire/unreadable.ts'
import { cancelled, dependencyFailed, missingAtDeadline, neverSealed, tooFewSucceeded } from './chord-failure.ts'
import type { ChordRecord, Decision } from './chord-record.ts'
import type { SlotEntry } from './slot-entry.ts'

/** What there is to judge by. */
export interface Tally {
  readonly missing: readonly number[]
  readonly failed: number
  /** The lowest slot that has failed. */
  readonly lowest?: SlotEntry
  readonly large: boolean
}

/** How a chord ends: one rule for all policies, whoever asks and whenever. */
export function verdict(record: ChordRecord, tally: Tally, ids: readonly (string | undefined)[] = []): Decision {
  const error = errorOf(record, tally, ids)
  const large = tally.large ? { large: true } : {}
  if (error !== undefined) return { kind: 'error', ...error, ...large }
  return { kind: 'body', ...(tally.missing.length > 0 ? { missing: tally.missing } : {}), ...large }
}

/** Whether the body gets settled entries, also of parts that failed, and not values alone. */
export function isSettling(policy: ChordPolicy): boolean {
  return policy === 'collect' || typeof policy === 'object'
}

/** What a failed part left, as data. */
export function failureOf({ value }: SlotEntry): ExceptionData {
  if (isRecord(value) && typeof value['exc_type'] === 'string') return value as unknown as ExceptionData // it is one
  return encodeException(value)
}

interface Failure {
  readonly error: ExceptionData
  readonly cause?: { readonly taskId: string; readonly error: ExceptionData }
}

function errorOf(record: ChordRecord, tally: Tally, ids: readonly (string | undefined)[]): Failure | undefined {
  const { policy, why } = record
  if (why === 'never-sealed') return { error: neverSealed(record) }
  if (why === 'cancelled') return { error: cancelled(record, record.reason ?? 'no reason given') }
  if (policy === 'collect') return undefined
  if (typeof policy === 'object') return errorOfTooFew(record, tally, policy.atLeast)
  if (tally.lowest !== undefined && (tally.missing.length === 0 || why === 'failed')) return dependency(tally.lowest)
  return tally.missing.length === 0 ? undefined : { error: missingAtDeadline(record, tally.missing, ids) }
}

function errorOfTooFew(record: ChordRecord, tally: Tally, needed: number): Failure | undefined {
  const succeeded = record.size - tally.missing.length - tally.failed
  if (succeeded >= needed) return undefined
  const { lowest } = tally
  return { ...(lowest === undefined ? {} : dependency(lowest)), error: tooFewSucceeded(record, needed, succeeded) }
}

function dependency(entry: SlotEntry): Failure {
  const { taskId } = entry
  const error = failureOf(entry)
  return { error: dependencyFailed(taskId, error), cause: { taskId, error } }
}
