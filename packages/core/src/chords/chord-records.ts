import { BackendError } from '../backend/backend-error.ts'
import type { Stored } from '../backend/value.ts'
import type { KeyStore } from '../store/key-store.ts'
import { decodeJson, encodeJson } from '../wire/json.ts'
import type { ChordKeys } from './chord-keys.ts'
import type { ChordRecord, Held } from './chord-record.ts'
import { textOf } from './slot-entry.ts'

/** So many records are remembered, so that not every part of a chord decodes its record again. */
const remembered = 256

/** The records of chords, written conditionally, always. */
export class ChordRecords {
  readonly #keys: KeyStore
  readonly #names: ChordKeys
  readonly #recent = new Map<string, Held>()

  constructor(keys: KeyStore, names: ChordKeys) {
    this.#keys = keys
    this.#names = names
  }

  async get(id: string): Promise<Held | undefined> {
    return this.#held(id, await this.#keys.get(this.#names.record(id)))
  }

  /** Resolves to nothing when there is one already, which may be what an earlier try wrote. */
  async create(record: ChordRecord): Promise<Held | undefined> {
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
    record: ChordRecord,
    expiresInSeconds: number = record.lifetimeSeconds,
  ): Promise<Held | undefined> {
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
