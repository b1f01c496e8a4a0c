import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import type { Key, ScanPage, SetOutcome, Stored, Version, Write } from '@arpeggio/core'
import type { FirestoreClient, FirestoreDocument, FirestoreSnapshot, FirestoreTime } from './clients.ts'
import { type Act, firestoreError, grpc, hasGrpcCode, tooLarge } from './errors.ts'
import { expiryOf, isExpired, isReplaceable, validStateOf, versionOf } from './expiry.ts'
import type { ServerClock } from './server-clock.ts'

/** Celery's collection: the TTL policy that it asks for removes what is ours, too. */
const collection = 'celery'
/** The names of the fields and of the document want some room below the service's limit of a document. */
const maxValueBytes = 1_000_000
const deletesPerCommit = 500
const rememberedTimes = 1_000

/** Values as documents of Firestore. Update times are versions. */
export class Documents {
  readonly #client: () => Promise<FirestoreClient>
  readonly #clock: ServerClock
  /** A precondition wants a time of the client's own class; those that it has told lately serve as such. */
  readonly #times = new Map<string, FirestoreTime>()

  constructor(client: () => Promise<FirestoreClient>, clock: ServerClock) {
    this.#client = client
    this.#clock = clock
  }

  async get(key: Key): Promise<Stored | undefined> {
    const [stored] = await this.mget([key])
    return stored
  }

  async mget(keys: readonly Key[]): Promise<readonly (Stored | undefined)[]> {
    return (await this.#getAll(keys)).map((snapshot) => this.#storedIn(snapshot))
  }

  async exists(keys: readonly Key[]): Promise<readonly boolean[]> {
    const snapshots = await this.#getAll(keys, { fieldMask: [fields.expiresAt] })
    return snapshots.map((snapshot) => this.#isValid(snapshot))
  }

  async set(write: Write): Promise<SetOutcome> {
    const content = this.#contentOf(write)
    const document = await this.#document(write.key)
    if (write.if === 'absent') return this.#create(document, content)
    if (write.if !== undefined) return this.#replace(document, content, write.if)
    const { writeTime } = await this.#ask('write', () => document.set(content.data))
    return this.#written(writeTime, content)
  }

  async delete(keys: readonly Key[]): Promise<void> {
    const client = await this.#client()
    for (let first = 0; first < keys.length; first += deletesPerCommit) {
      const batch = client.batch()
      for (const key of new Set(keys.slice(first, first + deletesPerCommit))) batch.delete(documentOf(client, key))
      await this.#ask('write', () => batch.commit())
    }
  }

  async scan(prefix: string, { limit, after }: { readonly limit: number; readonly after: string }): Promise<ScanPage> {
    const { docs } = await this.#ask('read', async () => {
      const documents = (await this.#client()).collection(collection).orderBy('__name__')
      const id = documentId(prefix)
      const from = after === '' ? documents.startAt(id) : documents.startAfter(after)
      return from.endBefore(`${id}${lastCharacter}`).limit(limit).select(fields.expiresAt).get()
    })
    const keys = docs.filter((each) => this.#isValid(each)).map(({ id }) => keyOf(id))
    const last = docs.at(-1)
    return docs.length < limit || last === undefined ? { keys } : { keys, cursor: last.id }
  }

  async #create(document: FirestoreDocument, content: Content): Promise<SetOutcome> {
    for (;;) {
      try {
        return this.#written((await document.create(content.data)).writeTime, content)
      } catch (error) {
        if (!hasGrpcCode(error, grpc.alreadyExists)) throw firestoreError(error, 'write')
      }
      const there = await this.#read(document)
      if (isOwn(there, content)) return this.#written(there.updateTime, content)
      if (there.exists && !isReplaceable(expiryIn(there), this.#clock.now())) return { written: false }
      const replaced =
        there.updateTime === undefined ? undefined : await this.#update(document, content, there.updateTime)
      if (replaced !== undefined) return replaced
    }
  }

  async #replace(document: FirestoreDocument, content: Content, version: Version): Promise<SetOutcome> {
    const state = validStateOf(version, this.#clock.now())
    if (state === undefined) return { written: false }
    const time = this.#times.get(state) ?? (await this.#read(document)).updateTime
    if (time === undefined || stateOf(time) !== state) return { written: false }
    return (await this.#update(document, content, time)) ?? { written: false }
  }

  /** Resolves to nothing when the document has changed. The client may have sent the write twice, which then met itself. */
  async #update(
    document: FirestoreDocument,
    content: Content,
    lastUpdateTime: FirestoreTime,
  ): Promise<SetOutcome | undefined> {
    try {
      return this.#written((await document.update(content.data, { lastUpdateTime })).writeTime, content)
    } catch (error) {
      if (!hasGrpcCode(error, grpc.failedPrecondition, grpc.notFound)) throw firestoreError(error, 'write')
    }
    const there = await this.#read(document)
    return isOwn(there, content) ? this.#written(there.updateTime, content) : undefined
  }

  #written(time: FirestoreTime, { expiresAt }: Content): SetOutcome {
    return { written: true, version: versionOf(this.#remembered(time), expiresAt) }
  }

  #remembered(time: FirestoreTime): string {
    const state = stateOf(time)
    this.#times.set(state, time)
    const [oldest] = this.#times.keys()
    if (this.#times.size > rememberedTimes && oldest !== undefined) this.#times.delete(oldest)
    return state
  }

  async #getAll(keys: readonly Key[], options?: object): Promise<readonly FirestoreSnapshot[]> {
    if (keys.length === 0) return []
    const client = await this.#client()
    const documents = keys.map((key) => documentOf(client, key))
    const snapshots = await this.#ask('read', () =>
      client.getAll(...documents, ...(options === undefined ? [] : [options])),
    )
    const [first] = snapshots
    if (first !== undefined) this.#clock.heard(first.readTime.toMillis())
    return snapshots
  }

  async #document(key: Key): Promise<FirestoreDocument> {
    return documentOf(await this.#client(), key)
  }

  #read(document: FirestoreDocument): Promise<FirestoreSnapshot> {
    return this.#ask('read', () => document.get())
  }

  async #ask<Answer>(act: Act, operation: () => Promise<Answer>): Promise<Answer> {
    try {
      return await operation()
    } catch (error) {
      throw firestoreError(error, act)
    }
  }

  #contentOf({ value, expiresInSeconds }: Write): Content {
    const size = typeof value === 'string' ? Buffer.byteLength(value) : value.byteLength
    if (size > maxValueBytes) throw tooLarge(`A value of ${size} bytes is over what a document of Firestore can hold`)
    const expiresAt = expiryOf(expiresInSeconds, this.#clock.now())
    const nonce = randomUUID()
    const data = {
      [fields.value]: typeof value === 'string' ? value : Buffer.from(value),
      [fields.expiresAt]: expiresAt ?? null,
      [fields.nonce]: nonce,
    }
    return { data, expiresAt, nonce }
  }

  #isValid(snapshot: FirestoreSnapshot): boolean {
    return snapshot.exists && !isExpired(expiryIn(snapshot), this.#clock.now())
  }

  #storedIn(snapshot: FirestoreSnapshot): Stored | undefined {
    const value = snapshot.get(fields.value)
    if (snapshot.updateTime === undefined || !this.#isValid(snapshot)) return undefined
    if (typeof value !== 'string' && !(value instanceof Uint8Array)) return undefined
    const expiresAt = expiryIn(snapshot)
    const version = versionOf(this.#remembered(snapshot.updateTime), expiresAt)
    return expiresAt === undefined ? { value, version } : { value, version, expiresAt }
  }
}

/** Behind every name that begins with a prefix. */
const lastCharacter = '\u{10ffff}'

/** `expires_at` is what Celery's TTL policy is about. */
const fields = { value: 'value', expiresAt: 'expires_at', nonce: 'nonce' } as const

interface Content {
  readonly data: Record<string, unknown>
  readonly expiresAt: Date | undefined
  /** Tells a write that met itself from one that met another. */
  readonly nonce: string
}

/** Where a key is kept. */
export function documentOf(client: FirestoreClient, key: Key): FirestoreDocument {
  return client.collection(collection).doc(documentId(key))
}

/** Celery's document ids are its keys. Slashes would make several documents of one. */
export function documentId(key: Key): string {
  return key.replaceAll('%', '%25').replaceAll('/', '%2F')
}

function keyOf(id: string): Key {
  return id.replaceAll('%2F', '/').replaceAll('%25', '%')
}

function isOwn(
  there: FirestoreSnapshot,
  { nonce }: Content,
): there is FirestoreSnapshot & { readonly updateTime: FirestoreTime } {
  return there.updateTime !== undefined && there.get(fields.nonce) === nonce
}

function expiryIn(snapshot: FirestoreSnapshot): Date | undefined {
  const time: unknown = snapshot.get(fields.expiresAt)
  return isTime(time) ? new Date(time.toMillis()) : undefined
}

function isTime(value: unknown): value is FirestoreTime {
  return typeof value === 'object' && value !== null && 'toMillis' in value
}

function stateOf({ seconds, nanoseconds }: FirestoreTime): string {
  return `${seconds}.${String(nanoseconds).padStart(9, '0')}`
}
