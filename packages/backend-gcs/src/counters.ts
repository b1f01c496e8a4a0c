import { setTimeout as pause } from 'node:timers/promises'
import type { Key } from '@arpeggio/core'
import { type FirestoreClient, increment } from './clients.ts'
import { commit } from './commits.ts'
import { documentOf } from './documents.ts'
import { firestoreError, grpc, hasGrpcCode } from './errors.ts'
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

  /** Counts `by` more and resolves to the new count, which comes with the very write that counted. */
  async add(key: Key, by = 1): Promise<number> {
    for (let pauseMs = firstPauseMs, waitedMs = 0; ; pauseMs *= 2) {
      try {
        return await this.#addOnce(key, by)
      } catch (error) {
        if (!hasGrpcCode(error, grpc.aborted) || waitedMs + pauseMs > patienceMs) throw firestoreError(error, 'write')
      }
      await pause(pauseMs)
      waitedMs += pauseMs
    }
  }

  async #addOnce(key: Key, by: number): Promise<number> {
    const client = await this.#client()
    const data = { [fields.count]: await increment(by), [fields.expiresAt]: this.#expiry() }
    const [committed] = await commit(client, (batch) => batch.set(documentOf(client, key), data, { merge: true }))
    return committed?.counts[0] ?? NaN
  }

  #expiry(): Date {
    return new Date(this.#clock.now() + lifetimeMs)
  }
}
