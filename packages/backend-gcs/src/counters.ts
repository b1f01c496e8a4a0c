import { setTimeout as pause } from 'node:timers/promises'
import type { Key } from '@arpeggio/core'
import { type FirestoreBatch, type FirestoreClient, increment, isRawBatch } from './clients.ts'
import { documentOf } from './documents.ts'
import { firestoreError, grpc, hasGrpcCode, unsupported } from './errors.ts'
import type { ServerClock } from './server-clock.ts'

/** Celery's fields of a chord's counter. */
const fields = { count: 'chord_count', expiresAt: 'expires_at' } as const
/** As Celery has it, whatever lifetime results have. */
const lifetimeMs = 86_400_000
/** Celery's policy for writes that meet each other: doubled pauses from a second on, three minutes in all. */
const firstPauseMs = 1_000
const patienceMs = 180_000

/** Celery's counters of chords: a document each, with an expiry from the first write on. */
export class Counters {
  readonly #client: () => Promise<FirestoreClient>
  readonly #clock: ServerClock

  constructor(client: () => Promise<FirestoreClient>, clock: ServerClock) {
    this.#client = client
    this.#clock = clock
  }

  /** What Celery writes before the parts of a chord are published. */
  async start(key: Key): Promise<void> {
    const client = await this.#client()
    await this.#commit(client.batch().set(documentOf(client, key), { [fields.expiresAt]: this.#expiry() }, merging))
  }

  /** Counts `by` more and resolves to the new count, which comes with the very write that counted. */
  async add(key: Key, by = 1): Promise<number> {
    const client = await this.#client()
    for (let pauseMs = firstPauseMs, waitedMs = 0; ; pauseMs *= 2) {
      try {
        return await this.#addOnce(client, key, by)
      } catch (error) {
        if (!hasGrpcCode(error, grpc.aborted) || waitedMs + pauseMs > patienceMs) throw firestoreError(error, 'write')
      }
      await pause(pauseMs)
      waitedMs += pauseMs
    }
  }

  async #addOnce(client: FirestoreClient, key: Key, by: number): Promise<number> {
    const data = { [fields.count]: await increment(by), [fields.expiresAt]: this.#expiry() }
    const [count = NaN] = await this.#commit(client.batch().set(documentOf(client, key), data, merging))
    return count
  }

  /** Resolves to the new values of what was incremented, which the public result of a commit leaves out. */
  async #commit(batch: FirestoreBatch): Promise<readonly number[]> {
    // A commit whose answer was lost must not be sent again: it would count twice.
    if (!isRawBatch(batch)) throw unsupported('this version of @google-cloud/firestore does not tell new counts')
    const { writeResults } = await batch._commit({ retryCodes: [grpc.aborted] })
    const transforms = (writeResults ?? []).flatMap(({ transformResults }) => transformResults ?? [])
    return transforms.map(({ integerValue }) => Number(integerValue))
  }

  #expiry(): Date {
    return new Date(this.#clock.now() + lifetimeMs)
  }
}

const merging = { merge: true } as const
