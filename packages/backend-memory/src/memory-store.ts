import type { ChangeEvent, Key, SetOutcome, Stored, Value, Version, Write } from '@arpeggio/core'

/** What plays the server: the values, the time, and who is told of changes. One may serve several backends. */
export class MemoryStore {
  readonly #clock: () => number
  readonly #entries = new Map<Key, Entry>()
  readonly #listeners = new Set<(event: ChangeEvent) => void>()
  /** Counts changes. It never goes back, so that a version does not return after a delete. */
  #changes = 0
  #interruptions = 0

  constructor(options: { readonly clock?: () => number } = {}) {
    this.#clock = options.clock ?? Date.now
  }

  get now(): number {
    return this.#clock()
  }

  /** Differs whenever something was written or deleted since. */
  get revision(): string {
    return String(this.#changes)
  }

  get(key: Key): Stored | undefined {
    const entry = this.#visible(key)
    if (entry === undefined) return undefined
    const { version, expiresAt } = entry
    const value = copy(entry.value)
    return expiresAt === undefined ? { value, version } : { value, version, expiresAt: new Date(expiresAt) }
  }

  has(key: Key): boolean {
    return this.#visible(key) !== undefined
  }

  set({ key, value, expiresInSeconds, if: condition }: Write): SetOutcome {
    if (condition !== undefined && (this.#visible(key)?.version ?? 'absent') !== condition) return { written: false }
    return { written: true, version: this.put(key, value, expiresInSeconds) }
  }

  /** Writes whatever is there now. */
  put(key: Key, value: Value, expiresInSeconds: number | undefined): Version {
    const version = String(++this.#changes)
    const expiresAt = expiresInSeconds === undefined ? undefined : this.now + expiresInSeconds * 1000
    this.#entries.set(key, { value: copy(value), version, expiresAt })
    this.#tell({ type: 'change', key, value: copy(value) })
    return version
  }

  delete(key: Key): void {
    if (!this.#entries.delete(key)) return
    this.#changes++
    this.#tell({ type: 'change', key })
  }

  /** Keys in an order that does not depend on when they were written, so that a page can begin where another ended. */
  keys(prefix: string, after: string): readonly Key[] {
    return [...this.#entries.keys()]
      .filter((key) => key > after && key.startsWith(prefix) && this.has(key))
      .toSorted((a, b) => (a < b ? -1 : 1))
  }

  removeExpired(limit: number): number {
    let removed = 0
    for (const [key, entry] of this.#entries) {
      if (removed >= limit) break
      if (!this.#isExpired(entry)) continue
      this.#entries.delete(key)
      removed++
    }
    return removed
  }

  /** Calls `listener` for every change until the returned function is called. */
  listen(listener: (event: ChangeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** For tests: drops every event while `during` runs, as a broken connection would, and then reports the gap. */
  async interruptNotifications(during?: () => Promise<void>): Promise<void> {
    this.#interruptions++
    try {
      await during?.()
    } finally {
      this.#interruptions--
      this.#tell({ type: 'gap' })
    }
  }

  /** An expired value is gone for everybody at once, even while it still takes up space. */
  #visible(key: Key): Entry | undefined {
    const entry = this.#entries.get(key)
    return entry === undefined || this.#isExpired(entry) ? undefined : entry
  }

  #tell(event: ChangeEvent): void {
    if (this.#interruptions > 0) return
    for (const listener of this.#listeners) listener(event)
  }

  #isExpired({ expiresAt }: Entry): boolean {
    return expiresAt !== undefined && expiresAt <= this.now
  }
}

interface Entry {
  readonly value: Value
  readonly version: Version
  readonly expiresAt: number | undefined
}

/** Bytes can be changed by whoever holds them; strings cannot. */
function copy(value: Value): Value {
  return typeof value === 'string' ? value : Uint8Array.from(value)
}
