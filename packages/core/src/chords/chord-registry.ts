import type { KeyStore } from '../store/key-store.ts'
import type { ChordKeys } from './chord-keys.ts'
import { textOf } from './slot-entry.ts'
import type { StoreClock } from './store-clock.ts'

/** Entries of one hour are spread over so many lists. All processes must agree. */
const shards = 4
const hourMs = 3_600_000
const pageEntries = 100

/**
 * The list of all chords, made of creates and bulk reads alone, because not every store can list its keys. An entry goes
 * to the first free place of its hour's list, so that a list ends at its first gap. Entries only ever expire.
 */
export class ChordRegistry {
  readonly #keys: KeyStore
  readonly #names: ChordKeys
  readonly #clock: StoreClock
  readonly #lifetimeSeconds: number
  readonly #ends = new Map<string, number>()
  readonly #turns = new Map<number, Promise<void>>()

  constructor(keys: KeyStore, names: ChordKeys, clock: StoreClock, lifetimeSeconds: number) {
    this.#keys = keys
    this.#names = names
    this.#clock = clock
    this.#lifetimeSeconds = lifetimeSeconds
  }

  /** One at a time for each list: entries of one process would only fight each other for the same place. */
  append(chord: string): Promise<void> {
    const shard = shardOf(chord)
    const before = this.#turns.get(shard) ?? Promise.resolve()
    const turn = before.then(() => this.#append(chord, shard))
    this.#turns.set(
      shard,
      turn.catch(() => undefined),
    )
    return turn
  }

  async #append(chord: string, shard: number): Promise<void> {
    const hour = Math.floor(this.#clock.now() / hourMs)
    const list = `${hour}:${shard}`
    for (let index = this.#ends.get(list) ?? 0; ; index = await this.#firstFree(hour, shard, index + 1)) {
      const key = this.#names.registry(hour, shard, index)
      const creation = await this.#keys.create({ key, value: chord, expiresInSeconds: this.#lifetimeSeconds })
      this.#remember(list, index + 1)
      // A second entry of the same chord does no harm, a missing one would.
      if (creation === 'created') return
    }
  }

  /** A reader of its own position: each poll resolves to the chords that were entered since the one before. */
  reader(): RegistryReader {
    const oldestMs = this.#lifetimeSeconds * 1_000
    return new RegistryReader(this.#keys, this.#names, { clock: this.#clock, oldestMs })
  }

  async #firstFree(hour: number, shard: number, from: number): Promise<number> {
    for (let first = from, length = 8; ; first += length, length *= 2) {
      const keys = Array.from({ length }, (_, at) => this.#names.registry(hour, shard, first + at))
      const free = (await this.#keys.exists(keys)).indexOf(false)
      if (free !== -1) return first + free
    }
  }

  #remember(list: string, end: number): void {
    if (!this.#ends.has(list) && this.#ends.size >= 4 * shards) this.#ends.clear()
    this.#ends.set(list, end)
  }
}

interface List {
  readonly hour: number
  readonly shard: number
  next: number
}

interface Read {
  readonly list: List
  readonly next: number
  readonly chords: readonly string[]
}

/** Goes through the registry; lists of hours that are over are not asked for again once their end was seen. */
export class RegistryReader {
  readonly #keys: KeyStore
  readonly #names: ChordKeys
  readonly #clock: StoreClock
  readonly #oldestMs: number
  readonly #lists = new Map<string, List>()
  #from: number | undefined

  constructor(keys: KeyStore, names: ChordKeys, options: { readonly clock: StoreClock; readonly oldestMs: number }) {
    this.#keys = keys
    this.#names = names
    this.#clock = options.clock
    this.#oldestMs = options.oldestMs
  }

  async poll(): Promise<readonly string[]> {
    const now = this.#clock.now()
    this.#begin(now)
    const lists = [...this.#lists.values()]
    const heads = await this.#keys.exists(lists.map((list) => this.#names.registry(list.hour, list.shard, list.next)))
    const found = await Promise.all(lists.filter((_, at) => heads[at] === true).map((list) => this.#read(list)))
    // Only when everything was read: what a failed poll has seen must be seen again.
    for (const { list, next } of found) list.next = next
    // Writers whose clocks are late still enter into the hours before.
    const over = Math.floor(now / hourMs) - 2
    for (const [at, list] of lists.entries()) {
      if (heads[at] !== true && list.hour < over) this.#lists.delete(`${list.hour}:${list.shard}`)
    }
    return [...new Set(found.flatMap(({ chords }) => chords))]
  }

  /** Takes up the lists of hours that have begun since the last poll. */
  #begin(now: number): void {
    const ahead = Math.floor(now / hourMs) + 1
    const from = this.#from ?? Math.floor((now - this.#oldestMs) / hourMs)
    for (let hour = from; hour <= ahead; hour += 1) {
      for (let shard = 0; shard < shards; shard += 1) this.#lists.set(`${hour}:${shard}`, { hour, shard, next: 0 })
    }
    this.#from = ahead + 1
  }

  async #read(list: List): Promise<Read> {
    const chords: string[] = []
    for (let { next } = list; ; next += pageEntries) {
      const keys = Array.from({ length: pageEntries }, (_, at) =>
        this.#names.registry(list.hour, list.shard, next + at),
      )
      const entries = (await this.#keys.mget(keys)).map((stored) => stored && textOf(stored.value))
      const end = entries.findLastIndex((entry) => entry !== undefined) + 1
      chords.push(...entries.filter((entry) => entry !== undefined))
      if (end < pageEntries) return { list, next: next + end, chords }
    }
  }
}

/** FNV-1a: the same chord always goes to the same list of an hour. */
function shardOf(chord: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < chord.length; at += 1) hash = Math.imul(hash ^ chord.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % shards
}
