/** Keeps the values used last. A limit of -1 keeps nothing; 0 keeps everything. */
export class ResultCache<T> {
  readonly #limit: number
  readonly #entries: Map<string, T> = new Map()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  get(id: string): T | undefined {
    const value = this.#entries.get(id)
    if (value === undefined) return undefined
    this.#entries.delete(id)
    this.#entries.set(id, value)
    return value
  }

  set(id: string, value: T): void {
    if (this.#limit < 0) return
    this.#entries.delete(id)
    this.#entries.set(id, value)
    if (this.#limit === 0 || this.#entries.size <= this.#limit) return
    const oldest = this.#entries.keys().next()
    if (oldest.done !== true) this.#entries.delete(oldest.value)
  }

  delete(id: string): void {
    this.#entries.delete(id)
  }
}
