import { randomUUID } from 'node:crypto'
import {
  BackendError,
  type Key,
  type ScanPage,
  type SetOutcome,
  type Stored,
  type Value,
  type Write,
} from '@arpeggio/core'
import type { StorageClient } from './clients.ts'
import { clientError, statusOf } from './errors.ts'
import { expiryOf, isExpired, isReplaceable, validStateOf, versionOf } from './expiry.ts'
import { type Head, ObjectHeads } from './object-heads.ts'
import { ObjectNames } from './object-name.ts'
import { type Body, RecentBodies } from './recent-bodies.ts'
import type { Requests } from './requests.ts'
import type { ServerClock } from './server-clock.ts'

/** Celery's client does the same: what is larger goes in pieces, which can be resumed. */
const maxSingleUpload = 8 * 1024 * 1024
const contentType = 'text/plain'
const rememberedRefusals = 1_000

export interface ObjectsOptions {
  readonly requests: Requests
  readonly client: () => Promise<StorageClient>
  readonly bucket: string
  readonly basePath: string
  readonly clock: ServerClock
}

interface Upload {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly expiresAt: Date | undefined
  /** The generation to write over, 0 for none at all. */
  readonly over: string | undefined
}

/** Values as objects of one bucket: Celery's names and content, `customTime` as expiry, generations as versions. */
export class Objects {
  readonly #options: ObjectsOptions
  readonly #heads: ObjectHeads
  readonly #names: ObjectNames
  readonly #recent: RecentBodies = new RecentBodies()
  /** Objects that were written too often lately. */
  readonly #refused = new Set<string>()
  readonly #downloads = new Map<string, Promise<Body | undefined>>()

  constructor(options: ObjectsOptions) {
    this.#options = options
    this.#heads = new ObjectHeads(options.requests, options.bucket)
    this.#names = new ObjectNames(options.basePath)
  }

  async get(key: Key): Promise<Stored | undefined> {
    const name = this.#names.of(key)
    return this.#read(name, await this.#heads.one(name))
  }

  /** The heads first: of what has not changed since it was read, nothing else is asked for. */
  async mget(keys: readonly Key[]): Promise<readonly (Stored | undefined)[]> {
    const names = keys.map((key) => this.#names.of(key))
    const heads = await this.#heads.many(names)
    const reads = new Map(names.map((name, at) => [name, heads[at]]))
    const stored = new Map<string, Stored | undefined>()
    await Promise.all([...reads].map(async ([name, head]) => stored.set(name, await this.#read(name, head))))
    return names.map((name) => stored.get(name))
  }

  async exists(keys: readonly Key[]): Promise<readonly boolean[]> {
    const heads = await this.#heads.many(keys.map((key) => this.#names.of(key)))
    return heads.map((head) => head !== undefined && !isExpired(head.expiresAt, this.#now()))
  }

  async set(write: Write): Promise<SetOutcome> {
    const upload = {
      name: this.#names.of(write.key),
      bytes: bytesOf(write.value),
      expiresAt: expiryOf(write.expiresInSeconds, this.#now()),
    }
    if (write.if === 'absent') return this.#create(upload)
    const over = write.if === undefined ? undefined : validStateOf(write.if, this.#now())
    if (write.if !== undefined && (over === undefined || (await this.#isLost(upload.name, over)))) {
      return { written: false }
    }
    return this.#written(upload, await this.#upload({ ...upload, over }))
  }

  async delete(keys: readonly Key[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#delete(this.#names.of(key))))
  }

  /** From where a page before has ended; an empty token begins. */
  async scan(prefix: string, { limit, token }: { readonly limit: number; readonly token: string }): Promise<ScanPage> {
    const page = await this.#heads.page({ prefix: this.#names.of(prefix), limit, token })
    const valid = [...page.heads].filter(([, { expiresAt }]) => !isExpired(expiresAt, this.#now()))
    const keys = valid.map(([name]) => this.#names.keyOf(name))
    return page.token === undefined ? { keys } : { keys, cursor: page.token }
  }

  async #read(name: string, first: Head | undefined): Promise<Stored | undefined> {
    for (let head = first; head !== undefined; head = await this.#heads.one(name)) {
      const { generation, expiresAt } = head
      if (isExpired(expiresAt, this.#now())) return undefined
      const known = this.#recent.get(name, generation) ?? (await this.#bodyOf(name, generation))
      if (known === undefined) return undefined
      if (known.generation === generation) return storedOf(head, Buffer.from(known.bytes)) // theirs to change
      // Written anew in between: how long that is valid, its head tells.
    }
    return undefined
  }

  /** Asked for once for all who want it at a time: a generation holds the same for ever. */
  #bodyOf(name: string, generation: string): Promise<Body | undefined> {
    const wanted = `${generation} ${name}`
    const known = this.#downloads.get(wanted)
    if (known !== undefined) return known
    const download = this.#download(name).finally(() => this.#downloads.delete(wanted))
    this.#downloads.set(wanted, download)
    return download
  }

  async #download(name: string): Promise<Body | undefined> {
    const { status, headers, body } = await this.#options.requests.send({
      method: 'GET',
      path: this.#heads.pathOf(name),
      query: { alt: 'media' },
      what: 'reading',
      expected: [404],
    })
    if (status === 404) return undefined
    const content = { generation: headers.get('x-goog-generation') ?? '', bytes: body }
    this.#recent.set(name, content)
    return content
  }

  /**
   * Looks first where there was an object lately: a write that is refused costs as much as one that is not, and counts
   * against the rate of the object. One that has expired is absent; the bucket removes it when it finds the time.
   */
  async #create(upload: Omit<Upload, 'over'>): Promise<SetOutcome> {
    let mayExist = this.#recent.has(upload.name) || this.#refused.has(upload.name)
    for (; ; mayExist = true) {
      const head = mayExist ? await this.#heads.one(upload.name) : undefined
      if (head !== undefined && !isReplaceable(head.expiresAt, this.#now())) return { written: false }
      const generation = await this.#upload({ ...upload, over: head?.generation ?? '0' })
      if (generation !== undefined) return this.#written(upload, generation)
    }
  }

  /** Of many who write over one version all but one are refused: before they try again, they look whether it is still there. */
  async #isLost(name: string, over: string): Promise<boolean> {
    return this.#refused.has(name) && (await this.#heads.one(name))?.generation !== over
  }

  #written({ name, bytes, expiresAt }: Omit<Upload, 'over'>, generation: string | undefined): SetOutcome {
    if (generation === undefined) return { written: false }
    this.#refused.delete(name)
    this.#recent.set(name, { generation, bytes })
    return { written: true, version: versionOf(generation, expiresAt) }
  }

  /** Resolves to the new generation, or to nothing when the object is not at the one to write over. */
  async #upload(upload: Upload): Promise<string | undefined> {
    try {
      return await (upload.bytes.byteLength > maxSingleUpload
        ? this.#uploadInPieces(upload)
        : this.#uploadAtOnce(upload))
    } catch (error) {
      if (this.#refused.size >= rememberedRefusals) this.#refused.clear()
      if (BackendError.is(error, 'unavailable')) this.#refused.add(upload.name)
      throw error
    }
  }

  async #uploadAtOnce(upload: Upload): Promise<string | undefined> {
    const { over, bytes, name, expiresAt } = upload
    const boundary = randomUUID()
    const resource = { name, contentType, ...customTime(expiresAt) }
    const { status, body } = await this.#options.requests.send({
      method: 'POST',
      path: `/upload/storage/v1/b/${encodeURIComponent(this.#options.bucket)}/o`,
      query: { uploadType: 'multipart', fields: 'generation', ...(over !== undefined && { ifGenerationMatch: over }) },
      contentType: `multipart/related; boundary=${boundary}`,
      body: multipart(boundary, resource, bytes),
      what: 'writing',
      expected: [412],
    })
    if (status === 412) return undefined
    return (JSON.parse(Buffer.from(body).toString()) as { generation: string }).generation // as documented
  }

  async #uploadInPieces({ name, bytes, expiresAt, over }: Upload): Promise<string | undefined> {
    const client = await this.#options.client()
    const file = client.bucket(this.#options.bucket).file(name)
    const metadata = { contentType, ...customTime(expiresAt) }
    try {
      const condition = over === undefined ? {} : { preconditionOpts: { ifGenerationMatch: over } }
      await file.save(bytes, { resumable: true, metadata, ...condition })
    } catch (error) {
      if (statusOf(error) === 412) return undefined
      throw clientError(error, { act: 'write', what: 'writing' })
    }
    return String(file.metadata.generation)
  }

  async #delete(name: string): Promise<void> {
    this.#recent.delete(name)
    const path = this.#heads.pathOf(name)
    await this.#options.requests.send({ method: 'DELETE', path, what: 'deleting', expected: [404] })
  }

  #now(): number {
    return this.#options.clock.now()
  }
}

function storedOf({ generation, expiresAt }: Head, value: Uint8Array): Stored {
  const version = versionOf(generation, expiresAt)
  return expiresAt === undefined ? { value, version } : { value, version, expiresAt }
}

/** As Celery writes it: in UTC, with six digits of a second. */
function customTime(expiresAt: Date | undefined): { readonly customTime?: string } {
  return expiresAt === undefined ? {} : { customTime: expiresAt.toISOString().replace('Z', '000Z') }
}

/** Bytes of the caller may change while they wait to be sent. */
function bytesOf(value: Value): Uint8Array<ArrayBuffer> {
  return typeof value === 'string' ? new TextEncoder().encode(value) : Uint8Array.from(value)
}

function multipart(boundary: string, resource: object, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = `--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n${JSON.stringify(resource)}\r\n--${boundary}\r\nContent-Type: ${contentType}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), content, Buffer.from(`\r\n--${boundary}--\r\n`)])
}
