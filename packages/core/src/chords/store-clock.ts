import type { Backend, Clock } from '../backend/backend.ts'
import type { Scheduler } from '../store/scheduler.ts'

/** How long one comparison of the two clocks is trusted. */
const trustMs = 60_000

/** How late everything is judged by a process's own clock, which may be ahead of those of others. */
const toleranceMs = 60_000

/** The store's time, or this process's where the store has none. Decides who may try and when, never who wins. */
export class StoreClock {
  readonly #backend: Backend
  readonly #scheduler: Scheduler
  #offsetMs = 0
  #comparedAt: number | undefined

  constructor(backend: Backend, scheduler: Scheduler) {
    this.#backend = backend
    this.#scheduler = scheduler
  }

  /** Milliseconds since 1970, as far as is known without asking. */
  now(): number {
    return Math.round(this.#scheduler.wallClock() + this.#offsetMs)
  }

  /** How long after its time a deadline is enforced. */
  get toleranceMs(): number {
    return this.#backend.clock === undefined ? toleranceMs : 0
  }

  /** Compares the clocks, or answers nothing when that was done a short while ago. A store that does not answer changes nothing. */
  compare(): Promise<void> | undefined {
    const { clock } = this.#backend
    const at = this.#scheduler.now()
    const isTrusted = this.#comparedAt !== undefined && at - this.#comparedAt < trustMs
    return clock === undefined || isTrusted ? undefined : this.#compare(clock, at)
  }

  async #compare(clock: Clock, at: number): Promise<void> {
    try {
      const sent = this.#scheduler.wallClock()
      const theirs = (await clock.now()).getTime()
      this.#offsetMs = theirs - (sent + this.#scheduler.wallClock()) / 2
      this.#comparedAt = at
    } catch {
      // whatever is wrong with the store, the next operation says it
    }
  }
}
