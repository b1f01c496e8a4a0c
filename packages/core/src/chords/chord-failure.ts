import type { ExceptionData } from '../wire/exceptions.ts'
import { exceptionRepr } from '../wire/exception-repr.ts'
import type { ChordRecord } from './chord-record.ts'

/** So many missing slots are named. */
const namedSlots = 5

/** The failure of a chord's body, in the words that Celery uses where it has any. */
function chordFailure(text: string): ExceptionData {
  return { exc_type: 'ChordError', exc_message: [text], exc_module: 'celery.exceptions' }
}

export function dependencyFailed(taskId: string, error: ExceptionData): ExceptionData {
  return chordFailure(`Dependency ${taskId} raised ${exceptionRepr(error)}`)
}

export function callbackFailed(error: ExceptionData): ExceptionData {
  return chordFailure(`Callback error: ${exceptionRepr(error)}`)
}

export function missingAtDeadline(
  { id, size }: ChordRecord,
  missing: readonly number[],
  ids: readonly (string | undefined)[],
): ExceptionData {
  const named = missing.slice(0, namedSlots).map((slot) => `${slot} (task ${ids[slot] ?? 'unknown'})`)
  const more = missing.length > namedSlots ? ` and ${missing.length - namedSlots} more` : ''
  const slots = `${missing.length} of ${size} slots were empty: ${named.join(', ')}${more}`
  return chordFailure(`Chord ${id} was not complete at its deadline, ${slots}`)
}

export function neverSealed({ id }: ChordRecord): ExceptionData {
  return chordFailure(`ChordNeverSealed: chord ${id} was not given its size before its deadline`)
}

export function cancelled({ id }: ChordRecord, reason: string): ExceptionData {
  return chordFailure(`Chord ${id} was cancelled: ${reason}`)
}

export function tooFewSucceeded({ id }: ChordRecord, needed: number, succeeded: number): ExceptionData {
  return chordFailure(`Chord ${id} needs ${needed} parts that succeed, and ${succeeded} did`)
}

export function valuesLost({ id }: ChordRecord): ExceptionData {
  return chordFailure(`The results of chord ${id} were gone before its body could be published`)
}
