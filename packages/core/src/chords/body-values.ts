import type { ChordShape } from '../canvas/frozen.ts'
import type { Settled } from '../canvas/settled.ts'
import type { ChordRecord } from './chord-record.ts'
import type { SlotEntry } from './slot-entry.ts'
import { failureOf, isSettling } from './verdict.ts'

/** What a slot contributes to the body's argument. `undefined` entries are missing ones. */
export function bodyValue(
  { policy }: Pick<ChordRecord, 'policy'>,
  entry: SlotEntry | undefined,
  taskId: string,
): unknown {
  return isSettling(policy) ? settled(entry, taskId) : (entry?.value ?? null)
}

/** Puts the values of slots into the form of the header: the members that were groups are lists. */
export function shaped(values: readonly unknown[], shape: ChordShape | null | undefined): readonly unknown[] {
  if (shape === undefined || shape === null) return values
  const iterator = values[Symbol.iterator]()
  const take = (inner: ChordShape): readonly unknown[] =>
    inner.map((member) => (member === 1 ? (iterator.next().value ?? null) : take(member)))
  // Slots that were added to a chord after its start come last, each for itself.
  return [...take(shape), ...iterator]
}

function settled(entry: SlotEntry | undefined, taskId: string): Settled<unknown> {
  if (entry === undefined) return { taskId, status: 'PENDING' }
  const { state, value } = entry
  if (state === 'FAILURE' || state === 'REVOKED')
    return { taskId: entry.taskId, status: state, error: failureOf(entry) }
  return { taskId: entry.taskId, status: 'SUCCESS', result: value ?? null }
}
