import type { Scheduler } from '../store/scheduler.ts'

const firstMs = 50
const longestMs = 5_000
const mostWatched = 10_000

/**
 * The chords that this process has begun or returned parts of, and that only this library fires although peers count their
 * parts: where a peer returns the last nobody else hears of it. They are looked at soon after every part of ours, then more
 * and more rarely, until the sweep is often enough.
 */
export class CapturedChords {
  readonly #bringOn: (id: string) => Promise<boolean>
  readonly #scheduler: Scheduler
  readonly #timers = new Map<string, unknown>()
  #isClosed = false

  constructor(bringOn: (id: string) => Promise<boolean>, scheduler: Scheduler) {
    this.#bringOn = bringOn
    this.#scheduler = scheduler
  }

  /** Looks at a chord soon, and again, until it is over. */
  watch(id: string): void {
    if (!this.#timers.has(id) && this.#timers.size >= mostWatched) return
    this.#schedule(id, firstMs)
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers.values()) this.#scheduler.clearTimeout(timer)
    this.#timers.clear()
  }

  #schedule(id: string, ms: number): void {
    this.#scheduler.clearTimeout(this.#timers.get(id))
    if (this.#isClosed || ms > longestMs) {
      this.#timers.delete(id)
      return
    }
    const timer = this.#scheduler.setTimeout(() => void this.#look(id, ms), ms)
    this.#scheduler.unref?.(timer)
    this.#timers.set(id, timer)
  }

  async #look(id: string, ms: number): Promise<void> {
    const timer = this.#timers.get(id)
    let isOver = false
    try {
      isOver = await this.#bringOn(id)
    } catch {
      // whatever is wrong with the store, the next look or the sweep goes on
    }
    // A part of ours that came meanwhile has begun anew.
    if (this.#timers.get(id) !== timer) return
    if (isOver) this.#timers.delete(id)
    else this.#schedule(id, ms * 2)
  }
}
