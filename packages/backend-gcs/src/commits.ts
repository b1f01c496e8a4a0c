import { type FirestoreBatch, type FirestoreClient, isRawBatch } from './clients.ts'
import { unsupported } from './errors.ts'

/** What became of one write of a commit. */
export interface Committed {
  /** When the document was written last: the name of what it is now. */
  readonly state: string
  /** The new values of what was incremented. */
  readonly counts: readonly number[]
}

/**
 * Sends commits once. The client's own way sends them again when an answer is lost, which counts twice and makes a write
 * meet itself, and keeps the values of counters to itself.
 */
export async function commit(
  client: FirestoreClient,
  fill: (batch: FirestoreBatch) => unknown,
): Promise<readonly Committed[]> {
  const batch = client.batch()
  fill(batch)
  if (!isRawBatch(batch)) throw unsupported('This version of @google-cloud/firestore cannot send a commit just once')
  const { writeResults, commitTime } = await batch['_commit']({ retryCodes: [] })
  return (writeResults ?? []).map(({ updateTime, transformResults }) => {
    const { seconds, nanos } = updateTime ?? commitTime ?? {}
    const counts = (transformResults ?? []).map(({ integerValue }) => Number(integerValue))
    return { state: stateOf(Number(seconds ?? 0), nanos ?? 0), counts }
  })
}

/** The update time of a document as a version of it. */
export function stateOf(seconds: number, nanoseconds: number): string {
  return `${seconds}.${String(nanoseconds).padStart(9, '0')}`
}
