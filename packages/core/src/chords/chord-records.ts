import { BackendError } from '../backend/backend-error.ts'
import type { Stored } from '../backend/value.ts'
import type { KeyStore } from '../store/key-store.ts'
import { decodeJson, encodeJson } from '../wire/json.ts'
import type { ChordKeys } from './chord-keys.ts'
import type { ChordRecord, Held } from './chord-record.ts'
import { textOf } from './slot-entry.ts'
import type { StoreClock } from './store-clock.ts'

/** What a writer decides; the rest is filled in with every write. */
export type RecordContent = Omit<ChordRecord, 'rev' | 'nonce' | 'writtenAt'>

/** So many records are remembered, so that not every part of a chord decodes its record again. */
const remembered = 256

/** The records of chords, written conditionally, always. */
export class ChordRecords {
  readonly #keys: KeyStore
  readonly #names: ChordKeys
  readonly #clock: StoreClock
  readonly #owner: string
  readonly #recent = new Map<string, Held>()
  #writes = 0

  constructor(keys: KeyStore, names: ChordKeys, clock: StoreClock, owner: string) {
    this.#keys = keys
    this.#names = names
    this.#clock = clock
    this.#owner = owner
  }

  async get(id: string): Promise<Held | undefined> {
    return this.#held(id, await this.#keys.get(this.#names.record(id)))
  }

  /** Resolves to nothing when there is one already, which may be what an earlier try wrote. */
  async create(content: RecordContent): Promise<Held | undefined> {
    const record = this.#stamped(content, 0)
    const { id, lifetimeSeconds } = record
    const key = this.#names.record(id)
    const creation = await this.#keys.create({ key, value: encodeJson(record), expiresInSeconds: lifetimeSeconds })
    if (creation === 'exists') return undefined
    const held = await this.get(id)
    return held?.record.nonce === record.nonce ? held : undefined
  }

  /** Writes over exactly what was read. Resolves to nothing when somebody else was faster. */
  async replace(
    held: Held,
    change: Partial<RecordContent>,
    expiresInSeconds: number = held.record.lifetimeSeconds,
  ): Promise<Held | undefined> {
    const record = this.#stamped({ ...held.record, ...change }, held.record.rev + 1)
    const key = this.#names.record(record.id)
    for (;;) {
      const outcome = await this.#keys.replace({ key, value: encodeJson(record), expiresInSeconds, if: held.version })
      if (outcome?.written === true) return { record, version: outcome.version }
      // The write may have met itself, or its answer was lost: what is there now tells.
      const found = await this.get(record.id)
      if (found?.record.nonce === record.nonce) return found
      if (found?.version !== held.version || outcome !== undefined) return undefined
    }
  }

  #stamped(content: RecordContent, rev: number): ChordRecord {
    this.#writes += 1
    return { ...content, rev, nonce: `${this.#owner}.${this.#writes}`, writtenAt: this.#clock.now() }
  }

  #held(id: string, stored: Stored | undefined): Held | undefined {
    if (stored === undefined) return undefined
    const known = this.#recent.get(id)
    if (known?.version === stored.version) return known
    const held = { record: decoded(id, stored), version: stored.version }
    this.#recent.delete(id)
    this.#recent.set(id, held)
    const [oldest] = this.#recent.keys()
    if (this.#recent.size > remembered && oldest !== undefined) this.#recent.delete(oldest)
    return held
  }
}

function decoded(id: string, { value }: Stored): ChordRecord {
  const record = decodeJson(textOf(value)) as ChordRecord // ours, under a key of ours
  if (record.id === id && typeof record.rev === 'number' && typeof record.state === 'string') return record
  throw new BackendError('unreadable', `what is stored under the key of chord ${id} is not its record`)
}
