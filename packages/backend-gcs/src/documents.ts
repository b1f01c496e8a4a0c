import { Buffer } from 'node:buffer'
import { BackendError, type Key, type ScanPage, type SetOutcome, type Stored, type Write } from '@arpeggio/core'
import { type FirestoreBatch, type FirestoreClient, type FirestoreDocument, timestamp } from './clients.ts'
import type { FirestoreSnapshot, FirestoreTime } from './clients.ts'
import { commit, stateOf } from './commits.ts'
import { Escapes } from './escapes.ts'
import { firestoreError, grpc, hasGrpcCode, tooLarge } from './errors.ts'
import { expiryOf, isExpired, isReplaceable, validStateOf, versionOf } from './expiry.ts'
import type { ServerClock } from './server-clock.ts'

/** Celery's collection: the TTL policy that it asks for removes what is ours, too. */
const collection = 'celery'
/** `expires_at` is what that policy is about. */
const fields = { value: 'value', expiresAt: 'expires_at' } as const
/** The names of the fields and of the document want some room below the service's limit of a document. */
const maxValueBytes = 1_000_000
const deletesPerCommit = 500
const rememberedRefusals = 1_000
/** Behind every name that begins with a prefix. */
const lastCharacter = '\u{10ffff}'

/** Values as documents of Firestore. Update times are versions. */
export class Documents {
  readonly #client: () => Promise<FirestoreClient>
  readonly #clock: ServerClock
  /** Documents that were written too often lately. */
  readonly #refused = new Set<Key>()

  constructor(client: () => Promise<FirestoreClient>, clock: ServerClock) {
    this.#client = client
    this.#clock = clock
  }

  async get(key: Key): Promise<Stored | undefined> {
    const [stored] = await this.mget([key])
    return stored
  }

  async mget(keys: readonly Key[]): Promise<readonly (Stored | undefined)[]> {
    return (await this.snapshots(keys)).map((snapshot) => this.#storedIn(snapshot))
  }

  async exists(keys: readonly Key[]): Promise<readonly boolean[]> {
    const snapshots = await this.snapshots(keys, { fieldMask: [fields.expiresAt] })
    return snapshots.map((snapshot) => this.#isValid(snapshot))
  }

  /** `beside`: what is written with it, or not at all. It must not have a condition of its own when a key is to be created. */
  async set(write: Write, beside?: Beside): Promise<SetOutcome> {
    const { key, if: condition } = write
    const content = { ...this.contentOf(write), ...(beside && { beside }) }
    if (condition === 'absent') return this.#create(key, content)
    if (condition === undefined)
      return this.#written(key, content, (batch, document) => batch.set(document, content.data))
    const state = validStateOf(condition, this.#clock.now())
    if (state === undefined || (await this.#isLost(key, state))) return { written: false }
    return this.#replace(key, content, state)
  }

  async delete(keys: readonly Key[]): Promise<void> {
    const client = await this.#client()
    const own = [...new Set(keys)]
    for (let first = 0; first < own.length; first += deletesPerCommit) {
      await translated('write', () =>
        commit(client, (batch) => {
          for (const key of own.slice(first, first + deletesPerCommit)) batch.delete(documentOf(client, key))
        }),
      )
    }
  }

  async scan(prefix: string, { limit, after }: { readonly limit: number; readonly after: string }): Promise<ScanPage> {
    const { docs } = await translated('read', async () => {
      const documents = (await this.#client()).collection(collection).orderBy('__name__')
      const id = documentId(prefix)
      const from = after === '' ? documents.startAt(id) : documents.startAfter(after)
      return from.endBefore(`${id}${lastCharacter}`).limit(limit).select(fields.expiresAt).get()
    })
    const keys = docs.filter((each) => this.#isValid(each)).map(({ id }) => escapes.unescape(id))
    const last = docs.at(-1)
    return docs.length < limit || last === undefined ? { keys } : { keys, cursor: last.id }
  }

  /** A document that has expired is absent; the service removes it when it finds the time. */
  async #create(key: Key, content: Content): Promise<SetOutcome> {
    for (let mayExist = this.#refused.has(key); ; mayExist = true) {
      const [there] = mayExist ? await this.snapshots([key]) : []
      const time = there?.updateTime
      if (time !== undefined && !isReplaceable(expiryIn(there), this.#clock.now())) return { written: false }
      const create = (): Promise<SetOutcome> =>
        this.#written(key, content, (batch, document) => batch.create(document, content.data))
      const outcome = await (time === undefined ? create() : this.#replace(key, content, stateIn(time)))
      if (outcome.written) return outcome
    }
  }

  async #replace(key: Key, content: Content, state: string): Promise<SetOutcome> {
    const lastUpdateTime = await timestamp(state)
    return this.#written(key, content, (batch, document) => batch.update(document, content.data, { lastUpdateTime }))
  }

  /** Of many who write over one version all but one are refused: before they try again, they look whether it is still there. */
  async #isLost(key: Key, state: string): Promise<boolean> {
    if (!this.#refused.has(key)) return false
    const [there] = await this.snapshots([key])
    return there?.updateTime === undefined || stateIn(there.updateTime) !== state
  }

  async #written(
    key: Key,
    { expiresAt, beside }: Content,
    fill: (batch: FirestoreBatch, document: FirestoreDocument) => unknown,
  ): Promise<SetOutcome> {
    const client = await this.#client()
    try {
      const [committed] = await commit(client, (batch) => {
        fill(batch, documentOf(client, key))
        beside?.(batch, client)
      })
      this.#refused.delete(key)
      return { written: true, version: versionOf(committed?.state ?? '', expiresAt) }
    } catch (error) {
      if (hasGrpcCode(error, grpc.alreadyExists, grpc.failedPrecondition, grpc.notFound)) return { written: false }
      const failure = firestoreError(error, 'write')
      if (this.#refused.size >= rememberedRefusals) this.#refused.clear()
      if (BackendError.is(failure, 'unavailable')) this.#refused.add(key)
      throw failure
    }
  }

  /** The documents as they are, whether they have expired or not. */
  async snapshots(keys: readonly Key[], options?: object): Promise<readonly FirestoreSnapshot[]> {
    if (keys.length === 0) return []
    const client = await this.#client()
    const asked = [...keys.map((key) => documentOf(client, key)), ...(options === undefined ? [] : [options])]
    const snapshots = await translated('read', () => client.getAll(...asked))
    const [first] = snapshots
    if (first !== undefined) this.#clock.heard(first.readTime.toMillis())
    return snapshots
  }

  /** What a document is made of. */
  contentOf({ value, expiresInSeconds }: Write): Content {
    const size = typeof value === 'string' ? Buffer.byteLength(value) : value.byteLength
    if (size > maxValueBytes) throw tooLarge(`A value of ${size} bytes is over what a document of Firestore can hold`)
    const expiresAt = expiryOf(expiresInSeconds, this.#clock.now())
    const data = {
      [fields.value]: typeof value === 'string' ? value : Buffer.from(value),
      [fields.expiresAt]: expiresAt ?? null,
    }
    return { data, expiresAt }
  }

  #isValid(snapshot: FirestoreSnapshot): boolean {
    return snapshot.exists && !isExpired(expiryIn(snapshot), this.#clock.now())
  }

  #storedIn(snapshot: FirestoreSnapshot): Stored | undefined {
    const value = snapshot.get(fields.value)
    if (snapshot.updateTime === undefined || !this.#isValid(snapshot)) return undefined
    if (typeof value !== 'string' && !(value instanceof Uint8Array)) return undefined
    const expiresAt = expiryIn(snapshot)
    const version = versionOf(stateIn(snapshot.updateTime), expiresAt)
    return expiresAt === undefined ? { value, version } : { value, version, expiresAt }
  }
}

interface Content {
  readonly data: Record<string, unknown>
  readonly expiresAt: Date | undefined
  readonly beside?: Beside
}

/** Adds to what is written in one step. */
export type Beside = (batch: FirestoreBatch, client: FirestoreClient) => unknown

/** Where a key is kept. */
export function documentOf(client: FirestoreClient, key: Key): FirestoreDocument {
  return client.collection(collection).doc(documentId(key))
}

/** Celery's document ids are its keys. Slashes would make several documents of one. */
const escapes = new Escapes({ '/': 's' })

export function documentId(key: Key): string {
  return escapes.escape(key)
}

async function translated<Answer>(act: 'read' | 'write', operation: () => Promise<Answer>): Promise<Answer> {
  try {
    return await operation()
  } catch (error) {
    throw firestoreError(error, act)
  }
}

function expiryIn(snapshot: FirestoreSnapshot | undefined): Date | undefined {
  const time: unknown = snapshot?.get(fields.expiresAt)
  return isTime(time) ? new Date(time.toMillis()) : undefined
}

function isTime(value: unknown): value is FirestoreTime {
  return typeof value === 'object' && value !== null && 'toMillis' in value
}

export function stateIn({ seconds, nanoseconds }: FirestoreTime): string {
  return stateOf(seconds, nanoseconds)
}
