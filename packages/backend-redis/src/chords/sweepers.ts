import { randomUUID } from 'node:crypto'
import { type Argument, type Reply, textOf } from '../client.ts'

/** A process that has not been heard of for so many of its sweeps is gone. */
const sweepsMissed = 4

export interface SweepersOptions {
  readonly key: string
  /** False where this process looks after no chords. */
  readonly sweepSeconds: number | false
  readonly now: () => number
  readonly run: (command: string, args: readonly Argument[]) => Promise<Reply>
}

/** The processes that fire captured chords, by the time until which they are believed to be there. */
export class Sweepers {
  readonly #options: SweepersOptions
  readonly #id = randomUUID()
  #saidAt = -Infinity

  constructor(options: SweepersOptions) {
    this.#options = options
  }

  /** Says that this process is there, unless it did so lately. */
  async attend(): Promise<void> {
    const { key, sweepSeconds, now, run } = this.#options
    const at = now()
    if (sweepSeconds === false || at < this.#saidAt + sweepSeconds * 1000) return
    const seconds = Math.ceil(sweepsMissed * sweepSeconds)
    await Promise.all([run('zadd', [key, at + seconds * 1000, this.#id]), run('expire', [key, 2 * seconds])])
    this.#saidAt = at
  }

  /** Resolves to whether nobody is left. Of two who leave at the same time one at least learns of it. */
  async leave(): Promise<boolean> {
    const { key, now, run } = this.#options
    await run('zrem', [key, this.#id])
    return textOf(await run('zcount', [key, now(), '+inf'])) === '0'
  }
}
