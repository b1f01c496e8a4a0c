import { randomUUID } from 'node:crypto'
import {
  type ChordRecord,
  decodePeerHeader,
  type Held,
  type LedgerContext,
  type Part,
  peerChordRecord,
  type PeerHeader,
} from '@arpeggio/core'
import type { ChordNames } from './chord-names.ts'
import type { LedgerStore } from './ledger-store.ts'
import { isOfPeer } from './peer-chord.ts'

const rememberedHeaders = 256

/** What this library needs to know of chords that a peer began: their headers, as Celery keeps them. */
export class PeerChords {
  readonly #store: LedgerStore
  readonly #names: ChordNames
  readonly #context: LedgerContext
  readonly #create: (record: ChordRecord) => Promise<Held | undefined>
  readonly #headers = new Map<string, PeerHeader>()

  constructor(
    store: LedgerStore,
    names: ChordNames,
    context: LedgerContext,
    create: (record: ChordRecord) => Promise<Held | undefined>,
  ) {
    this.#store = store
    this.#names = names
    this.#context = context
    this.#create = create
  }

  /** A part in its place among the tasks of the header. Nothing when its chord is over: then the header has gone. */
  async placed(part: Part): Promise<Part | undefined> {
    const { chord, entry } = part
    const held = await this.#context.own.get(chord)
    if (held !== undefined && !isOfPeer(held.record)) return part
    const header = await this.#header(chord)
    if (header === undefined) return undefined
    if (held === undefined && !(await this.#begin(part, header))) return undefined
    const slot = header.taskIds.indexOf(entry.taskId)
    return slot === -1 ? part : { ...part, slot }
  }

  /** The task of each slot. */
  async taskIds(record: ChordRecord): Promise<readonly (string | undefined)[]> {
    if (!isOfPeer(record)) return await this.#context.taskIds(record)
    return (await this.#header(record.id))?.taskIds ?? []
  }

  /** Whether somebody has removed the header, as a peer does that has fired. One that has just expired proves nothing. */
  async hasLostHeader(record: ChordRecord): Promise<boolean> {
    const { id, createdAt, lifetimeSeconds } = record
    if ((await this.#store.get(this.#names.header(id))) !== undefined) return false
    const { ttlSeconds } = this.#store
    const seconds = ttlSeconds === 0 ? lifetimeSeconds : ttlSeconds
    return isOfPeer(record) || this.#context.now() < createdAt + seconds * 1_000
  }

  /** Celery removes a header that was fired, and takes its absence for an error when a part is late. It expires instead. */
  async ended(record: ChordRecord): Promise<void> {
    this.#headers.delete(record.id)
    if (!isOfPeer(record)) return
    const key = this.#names.header(record.id)
    const stored = await this.#store.get(key)
    const expiresInSeconds = this.#context.settings.tombstoneSeconds
    if (stored !== undefined) await this.#store.set({ key, value: stored.value, expiresInSeconds })
  }

  /** On the list before there is a record: whoever finds an entry without one waits for it. */
  async #begin(part: Part, header: PeerHeader): Promise<boolean> {
    const { own, now, settings } = this.#context
    const [counter] = await this.#store.documents.snapshots([this.#names.counter(part.chord)])
    if (counter?.exists !== true) return false
    await own.enter(part.chord)
    const { lifetimeSeconds } = settings
    await this.#create(peerChordRecord(part, { header, lifetimeSeconds, now: now(), nonce: randomUUID() }))
    return true
  }

  async #header(chord: string): Promise<PeerHeader | undefined> {
    const known = this.#headers.get(chord)
    if (known !== undefined) return known
    const stored = await this.#store.get(this.#names.header(chord))
    if (stored === undefined) return undefined
    const header = decodePeerHeader(stored.value)
    if (this.#headers.size >= rememberedHeaders) this.#headers.clear()
    this.#headers.set(chord, header)
    return header
  }
}
