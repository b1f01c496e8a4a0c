import type { Chords } from '../chords/chords.ts'
import type { Scheduler } from '../store/scheduler.ts'

const firstMs = 1_000
const longestMs = 15_000
const remembered = 10_000

/** The chords that were started here: whoever waits for a body here brings its chord on, when nobody else does. */
export class DrivenChords {
  readonly #chords: Chords
  readonly #scheduler: Scheduler
  readonly #byBody = new Map<string, string>()

  constructor(chords: Chords, scheduler: Scheduler) {
    this.#chords = chords
    this.#scheduler = scheduler
  }

  add({ id, bodyIds }: { readonly id: string; readonly bodyIds: readonly string[] }): void {
    for (const bodyId of bodyIds) this.#byBody.set(bodyId, id)
    for (const oldest of this.#byBody.keys()) {
      if (this.#byBody.size <= remembered) break
      this.#byBody.delete(oldest)
    }
  }

  /** Yields what `items` does. */
  through<Item>(bodyIds: readonly string[], items: AsyncIterable<Item>): AsyncIterable<Item> {
    const chords = new Set(bodyIds.flatMap((id) => this.#byBody.get(id) ?? []))
    return chords.size === 0 ? items : this.#driving(chords, items)
  }

  async *#driving<Item>(chords: ReadonlySet<string>, items: AsyncIterable<Item>): AsyncGenerator<Item> {
    const bringOn = async (): Promise<void> => {
      await Promise.all([...chords].map((chord) => this.#chords.bringOn(chord)))
    }
    const drive = new Drive(bringOn, this.#scheduler)
    try {
      yield* items
    } finally {
      drive.end()
    }
  }

  /** Resolves as `wait` does. */
  during<Value>(bodyId: string, wait: Promise<Value>): Promise<Value> {
    const chord = this.#byBody.get(bodyId)
    return chord === undefined ? wait : this.#drivingOne(chord, bodyId, wait)
  }

  async #drivingOne<Value>(chord: string, bodyId: string, wait: Promise<Value>): Promise<Value> {
    const drive = new Drive(() => this.#chords.bringOn(chord), this.#scheduler)
    try {
      const value = await wait
      this.#byBody.delete(bodyId)
      return value
    } finally {
      drive.end()
    }
  }
}

/** Does something now and then, more and more rarely. */
class Drive {
  readonly #bringOn: () => Promise<void>
  readonly #scheduler: Scheduler
  #timer: unknown
  #isOver = false

  constructor(bringOn: () => Promise<void>, scheduler: Scheduler) {
    this.#bringOn = bringOn
    this.#scheduler = scheduler
    this.#schedule(firstMs)
  }

  end(): void {
    this.#isOver = true
    this.#scheduler.clearTimeout(this.#timer)
  }

  #schedule(ms: number): void {
    this.#timer = this.#scheduler.setTimeout(() => void this.#go(ms), ms)
  }

  async #go(ms: number): Promise<void> {
    try {
      await this.#bringOn()
    } catch {
      // whoever waits does not wait for this; the next time may do better
    }
    if (!this.#isOver) this.#schedule(Math.min(ms * 2, longestMs))
  }
}
