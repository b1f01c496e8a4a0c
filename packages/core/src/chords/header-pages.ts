import { createHash } from 'node:crypto'
import { BackendError } from '../backend/backend-error.ts'
import type { Key } from '../backend/value.ts'
import type { KeyStore } from '../store/key-store.ts'
import { decodeJson, encodeJson } from '../wire/json.ts'
import type { ChordKeys } from './chord-keys.ts'
import type { ChordRecord } from './chord-record.ts'
import { textOf } from './slot-entry.ts'

/** So many ids are kept under one key. */
export const pageIds = 1_000

/** Which task fills which slot, for whoever looks after a chord without having made it. */
export class HeaderPages {
  readonly #keys: KeyStore
  readonly #names: ChordKeys
  readonly #lifetimeSeconds: number

  constructor(keys: KeyStore, names: ChordKeys, lifetimeSeconds: number) {
    this.#keys = keys
    this.#names = names
    this.#lifetimeSeconds = lifetimeSeconds
  }

  /** Keeps the ids of slots from `first` on, which must be where a page begins. */
  async write(chord: string, first: number, ids: readonly string[]): Promise<void> {
    const pages: Promise<unknown>[] = []
    for (let at = 0; at < ids.length; at += pageIds) {
      pages.push(this.#create(this.#names.page(chord, String(first + at)), ids.slice(at, at + pageIds)))
    }
    await Promise.all(pages)
  }

  async writeAdded(chord: string, addId: string, ids: readonly string[]): Promise<void> {
    await this.#create(this.#names.page(chord, `+${addId}`), ids)
  }

  /** The id of the task in each slot; `undefined` where no page tells. */
  async ids(record: ChordRecord): Promise<readonly (string | undefined)[]> {
    const ids: (string | undefined)[] = Array.from({ length: record.size })
    const places = placesOf(record)
    const stored = await this.#keys.mget(places.map(({ page }) => this.#names.page(record.id, page)))
    for (const [at, { first }] of places.entries()) {
      const page = stored[at]
      const known = page === undefined ? [] : (decodeJson(textOf(page.value)) as readonly string[]) // written below
      for (const [offset, id] of known.entries()) if (first + offset < ids.length) ids[first + offset] = id
    }
    return ids
  }

  /** Every page of a chord. */
  keysOf(record: ChordRecord): readonly Key[] {
    return placesOf(record).map(({ page }) => this.#names.page(record.id, page))
  }

  async #create(key: Key, ids: readonly string[]): Promise<void> {
    const value = encodeJson(ids)
    if ((await this.#keys.create({ key, value, expiresInSeconds: this.#lifetimeSeconds })) === 'created') return
    const stored = await this.#keys.get(key)
    if (stored !== undefined && textOf(stored.value) !== value) {
      throw new BackendError(
        'conflict',
        'there is a chord with that id already, with other tasks: give this one another id',
      )
    }
  }
}

function placesOf({ sizes, adds }: ChordRecord): readonly { readonly page: string; readonly first: number }[] {
  const places: { readonly page: string; readonly first: number }[] = []
  for (let first = 0; first < (sizes[0] ?? 0); first += pageIds) places.push({ page: String(first), first })
  for (const [addId, { first }] of Object.entries(adds)) places.push({ page: `+${addId}`, first })
  return places
}

/** Tells two headers apart without keeping them. Ids may come in pieces. */
export class HeaderDigest {
  readonly #hash = createHash('sha256')

  add(ids: readonly string[]): void {
    for (const id of ids) this.#hash.update(`${id.length}:${id}`)
  }

  toString(): string {
    return this.#hash.digest('hex').slice(0, 32)
  }
}
