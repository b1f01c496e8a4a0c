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
    let from: number | undefined
    return {
      poll: async () => {
        const { key, lifetimeSeconds, now, run } = this.#options
        const next = now() - overlapMs
        // Whoever died before he had removed his chord has left it here.
        if (from === undefined) await run('zremrangebyscore', [key, '-inf', now() - lifetimeSeconds * 1000])
        const found = await run('zrangebyscore', [key, from ?? '-inf', '+inf'])
        from = next
        return listOf(found).map(textOf)
      },
    }
  }
}
