const maxBytes = 16 * 1024 * 1024
/** A larger one would push out too many others. */
const maxBodyBytes = 256 * 1024

/** What an object holds. Never changed, because others may read it. */
export interface Body {
  readonly generation: string
  readonly bytes: Uint8Array
}

/** What objects held lately, so that one whose generation has not changed need not be read again. */
export class RecentBodies {
  readonly #bodies = new Map<string, Body>()
  #bytes = 0

  has(name: string): boolean {
    return this.#bodies.has(name)
  }

  get(name: string, generation: string): Body | undefined {
    const body = this.#bodies.get(name)
    if (body?.generation !== generation) return undefined
    this.#bodies.delete(name)
    this.#bodies.set(name, body)
    return body
  }

  set(name: string, body: Body): void {
    this.delete(name)
    if (body.bytes.byteLength > maxBodyBytes) return
    this.#bodies.set(name, body)
    this.#bytes += body.bytes.byteLength
    for (const oldest of this.#bodies.keys()) {
      if (this.#bytes <= maxBytes) break
      this.delete(oldest)
    }
  }

  delete(name: string): void {
    this.#bytes -= this.#bodies.get(name)?.bytes.byteLength ?? 0
    this.#bodies.delete(name)
  }
}
