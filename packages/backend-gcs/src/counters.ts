import type { Key } from '@arpeggio/core'
import { type FirestoreClient, type FirestoreSnapshot, increment, timestamp } from './clients.ts'
import { commit } from './commits.ts'
import { type Beside, documentOf, type Documents, stateIn } from './documents.ts'
import { firestoreError, grpc, hasGrpcCode } from './errors.ts'
import { Patience } from './patience.ts'
import type { ServerClock } from './server-clock.ts'

/** Celery's fields of a chord's counter, and one of ours: a peer's late part can bring back a counter, but not that. */
const fields = { count: 'chord_count', expiresAt: 'expires_at', isKnown: 'arpeggio' } as const
/** As Celery has it, whatever lifetime results have. */
const lifetimeSeconds = 86_400

/** So much more than all parts: no peer sees the size of the chord any more, and the chord is ours alone to fire. */
const capture = 2 ** 40
/** What stays of the counter of a chord that is over. */
const over = 2 ** 42

/** What a counter says. */
export interface Count {
  /** How many parts have been counted. */
  readonly parts: number
  readonly isCaptured: boolean
  readonly isOver: boolean
}

export interface Counter extends Count {
  readonly value: number
  /** When it was last written, in milliseconds since 1970. */
  readonly changedAt: number
  /** Names what it is now. */
  readonly state: string
}

/** Celery's counters of chords: a document each, with an expiry from the first write on. */
export class Counters {
  readonly #client: () => Promise<FirestoreClient>
  readonly #documents: Documents
  readonly #clock: ServerClock

  constructor(client: () => Promise<FirestoreClient>, documents: Documents, clock: ServerClock) {
    this.#client = client
    this.#documents = documents
    this.#clock = clock
  }

  /** Counts one more and resolves to the new count, which comes with the very write that counted. */
  async add(key: Key): Promise<number> {
    for (const patience = new Patience(); ;) {
      try {
        return await this.#addOnce(key)
      } catch (error) {
        if (!hasGrpcCode(error, grpc.aborted) || !(await patience.wait())) throw firestoreError(error, 'write')
      }
    }
  }

  /** Nothing where there is none, or one that a peer has brought back after the end. */
  async get(key: Key): Promise<Counter | undefined> {
    const [snapshot] = await this.#documents.snapshots([key])
    return snapshot && counterIn(snapshot)
  }

  /** The first write, also over what an earlier chord with the same name has left. */
  begin(key: Key, options: { readonly lifetimeSeconds: number; readonly isCaptured: boolean }): Beside {
    return this.#whole(key, options.isCaptured ? capture : 0, options.lifetimeSeconds)
  }

  /** The first write to a counter that a peer has begun. */
  adopt(key: Key, seconds: number): Beside {
    const data = { [fields.expiresAt]: this.#expiry(seconds), [fields.isKnown]: true }
    return (batch, client) => batch.set(documentOf(client, key), data, { merge: true })
  }

  /** Counts parts of a chord that has a counter, with the commit that this is part of. */
  async count(key: Key, parts: number, seconds: number): Promise<Beside> {
    const data = await this.#adding(parts, seconds)
    return (batch, client) => batch.update(documentOf(client, key), data, { exists: true })
  }

  /** Takes a chord from its peers, unless somebody has counted since. Resolves to whether that was done. */
  async capture(key: Key, { state }: Counter, seconds: number): Promise<boolean> {
    const data = await this.#adding(capture, seconds)
    const lastUpdateTime = await timestamp(state)
    const client = await this.#client()
    try {
      await commit(client, (batch) => batch.update(documentOf(client, key), data, { lastUpdateTime }))
      return true
    } catch (error) {
      if (hasGrpcCode(error, grpc.failedPrecondition, grpc.notFound)) return false
      throw firestoreError(error, 'write')
    }
  }

  /** The last write: what peers count from now on comes to nothing, and goes with this. */
  end(key: Key, seconds: number): Beside {
    return this.#whole(key, over, seconds)
  }

  async #addOnce(key: Key): Promise<number> {
    const client = await this.#client()
    const data = await this.#adding(1, lifetimeSeconds)
    const [committed] = await commit(client, (batch) => batch.set(documentOf(client, key), data, { merge: true }))
    return committed?.counts[0] ?? NaN
  }

  /** All of a counter, whatever it was before. */
  #whole(key: Key, count: number, seconds: number): Beside {
    const data = { [fields.count]: count, [fields.expiresAt]: this.#expiry(seconds), [fields.isKnown]: true }
    return (batch, client) => batch.set(documentOf(client, key), data)
  }

  /** Adds to whatever has been counted, and renews the expiry with the same write. */
  async #adding(count: number, seconds: number): Promise<Readonly<Record<string, unknown>>> {
    return { [fields.count]: await increment(count), [fields.expiresAt]: this.#expiry(seconds) }
  }

  #expiry(seconds: number): Date {
    return new Date(this.#clock.now() + seconds * 1_000)
  }
}

export function countOf(value: number): Count {
  const isCaptured = value >= capture / 2
  return { parts: isCaptured ? value - capture : value, isCaptured, isOver: value >= over / 2 }
}

export function counterIn(snapshot: FirestoreSnapshot): Counter | undefined {
  const { updateTime } = snapshot
  if (updateTime === undefined || snapshot.get(fields.isKnown) !== true) return undefined
  const value = Number(snapshot.get(fields.count) ?? 0)
  return { ...countOf(value), value, changedAt: updateTime.toMillis(), state: stateIn(updateTime) }
}
