import type { MemoryStore } from '@arpeggio/backend-memory'
import type { SimulatedProcess } from './process.ts'

/**
 * Names what everything that happened so far amounts to: what the store holds, and what each process was told, in its
 * order. Two schedules with the same name have the same future, so that only one of them needs to be followed. The
 * store's versions count all changes; here each key counts its own, so that writes that do not meet are equal in any order.
 */
export class Fingerprint {
  readonly #store: MemoryStore
  readonly #versions = new Map<string, Map<string, number>>()
  readonly #held = new Map<string, number>()
  readonly #told = new Map<string, number>()
  /** Processes that know the store's time. */
  readonly #asked = new Set<string>()
  #stored = 0
  #published = 0

  constructor(store: MemoryStore) {
    this.#store = store
    store.listen((event) => {
      if (event.type === 'change') this.#changed(event.key)
    })
  }

  /** A process learned something: everything that it does from now on may depend on it. Without one, all do. */
  tell(process: SimulatedProcess | undefined, what: string): void {
    const { name } = process ?? { name: '' }
    if (what.startsWith('clock')) this.#asked.add(name)
    this.#told.set(name, hash(`${this.#told.get(name) ?? 0} ${this.#steady(what)}`))
  }

  /** A process is at rest, or dead: what it was told matters no more, but for the time, which it remembers for a while. */
  forget({ name, isAlive }: SimulatedProcess): void {
    this.#told.set(name, isAlive && this.#asked.has(name) ? 1 : 0)
  }

  publish(what: string): void {
    this.#published = (this.#published + hash(this.#steady(what))) % Number.MAX_SAFE_INTEGER
  }

  /** What was said of versions, in terms of each key's own count. */
  version(key: string, version: string): number {
    return this.#versions.get(key)?.get(version) ?? 0
  }

  name(rest: string): number {
    const told = [...this.#told].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}`)
    return hash(`${this.#stored} ${this.#published} ${told.join(' ')} ${rest}`)
  }

  #changed(key: string): void {
    const stored = this.#store.get(key)
    const versions = this.#versions.get(key) ?? new Map<string, number>()
    this.#versions.set(key, versions)
    if (stored !== undefined) versions.set(stored.version, versions.size + 1)
    const now = stored === undefined ? 0 : hash(`${key} ${versions.size} ${this.#steady(String(stored.value))}`)
    // A sum, because it does not matter in which order keys were written.
    this.#stored = (this.#stored - (this.#held.get(key) ?? 0) + now) % Number.MAX_SAFE_INTEGER
    this.#held.set(key, now)
  }

  /** Without the machine's own time. */
  #steady(text: string): string {
    return text.replace(/"date_done": ?"[^"]*"/gu, '')
  }
}

/** 53 bits of two multiplicative hashes. */
function hash(text: string): number {
  let a = 0xdead_beef
  let b = 0x41c6_ce57
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 2_654_435_761)
    b = Math.imul(b ^ code, 1_597_334_677)
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909)
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & b) + (a >>> 0)
}
