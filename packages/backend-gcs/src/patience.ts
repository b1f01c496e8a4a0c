import { setTimeout as pause } from 'node:timers/promises'

/** Celery's policy for writes that meet each other: doubled pauses from a second on, three minutes in all. */
const firstPauseMs = 1_000
const patienceMs = 180_000

/** Waits longer and longer for others to be done with a document. */
export class Patience {
  #pauseMs = firstPauseMs
  #waitedMs = 0

  /** Resolves to whether another try is worth it. Never quite as long as others wait who have met at the same moment. */
  async wait(): Promise<boolean> {
    const ms = this.#pauseMs * (1 - Math.random() / 2)
    if (this.#waitedMs + ms > patienceMs) return false
    this.#waitedMs += ms
    this.#pauseMs *= 2
    await pause(ms)
    return true
  }
}
