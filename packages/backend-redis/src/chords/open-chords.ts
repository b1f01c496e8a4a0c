import type { LedgerReader } from '@arpeggio/core'
import { type Argument, listOf, type Reply, textOf } from '../client.ts'

/** How far the clocks of two processes may be apart, and how long an entry may take. */
const overlapMs = 600_000

export interface OpenChordsOptions {
  readonly key: string
  readonly lifetimeSeconds: number
  readonly now: () => number
  readonly run: (command: string, args: readonly Argument[]) => Promise<Reply>
}

/** The chords that are not over, by the time at which they were entered. */
export class OpenChords {
  readonly #options: OpenChordsOptions

  constructor(options: OpenChordsOptions) {
    this.#options = options
  }

  /** A second entry changes nothing that matters; none is lost with the key, which lives longer than any chord in it. */
  async enter(id: string): Promise<void> {
    const { key, lifetimeSeconds, now, run } = this.#options
    await Promise.all([run('zadd', [key, now(), id]), run('expire', [key, 2 * Math.ceil(lifetimeSeconds)])])
  }

  async remove(id: string): Promise<void> {
    await this.#options.run('zrem', [this.#options.key, id])
  }

  reader(): LedgerReader {
    return new OpenChordsReader(this.#options)
  }
}

/** Reads what was entered lately again, because clocks differ, and tells of each once. */
class OpenChordsReader implements LedgerReader {
  readonly #options: OpenChordsOptions
  readonly #told = new Map<string, number>()
  #from: number | undefined

  constructor(options: OpenChordsOptions) {
    this.#options = options
  }

  async poll(): Promise<readonly string[]> {
    const { key, lifetimeSeconds, now, run } = this.#options
    const at = now()
    // Whoever died before he had removed his chord has left it here.
    if (this.#from === undefined) await run('zremrangebyscore', [key, '-inf', at - lifetimeSeconds * 1000])
    const found = listOf(await run('zrangebyscore', [key, this.#from ?? '-inf', '+inf'])).map(textOf)
    this.#from = at - overlapMs
    const untold = found.filter((id) => !this.#told.has(id))
    for (const [id, toldAt] of this.#told) if (toldAt < at - 2 * overlapMs) this.#told.delete(id)
    for (const id of untold) this.#told.set(id, at)
    return untold
  }
}
