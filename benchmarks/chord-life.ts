import { type Backend, chord, Results, task, type TaskMessage } from '@arpeggio/core'
import { inParallel } from './in-parallel.ts'
import { ordinaryResult } from './ordinary-meta.ts'

const part = task('part', (index: number) => ordinaryResult(index))
const body = task('body', (results: readonly unknown[]) => results.length)

/** Chords whose tasks do no work: what is left is the bookkeeping. */
export class ChordLife {
  readonly results: Results
  #published: TaskMessage[] = []

  constructor(backend: Backend) {
    const publish = async (messages: readonly TaskMessage[]): Promise<void> => {
      for (const message of messages) this.#published.push(message)
    }
    this.results = new Results({ backend, publisher: { durable: true, publish }, sweepSeconds: false })
  }

  /** From the call that starts the chord until its body is published, and nothing is left but its tombstone. */
  async run(parts: number, concurrency: number): Promise<void> {
    const header = Array.from({ length: parts }, (_, index) => part.s(index))
    await this.results.apply(chord(header, body))
    const messages = this.#take()
    await inParallel(parts, concurrency, async (index) => {
      const message = messages[index]
      if (message !== undefined) await this.results.onChordPartReturn(message, 'SUCCESS', ordinaryResult(index))
    })
    const published = this.#take().map(({ task: name }) => name)
    if (published.join() !== 'body') throw new Error(`the chord has published ${published.join(', ') || 'nothing'}`)
  }

  #take(): readonly TaskMessage[] {
    const taken = this.#published
    this.#published = []
    return taken
  }
}
