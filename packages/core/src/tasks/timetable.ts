// A longer timeout fires at once in Node.
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** Holds items until their time has come. */
export class Timetable<Item> {
  readonly #due: (item: Item) => void
  readonly #timers = new Set<{ timer: NodeJS.Timeout }>()

  constructor(due: (item: Item) => void) {
    this.#due = due
  }

  get size(): number {
    return this.#timers.size
  }

  add(item: Item, seconds: number): void {
    const at = performance.now() + seconds * 1000
    const entry = { timer: setTimeout(() => wake(), timeoutTo(at)) }
    const wake = (): void => {
      if (at - performance.now() > 1) {
        entry.timer = setTimeout(wake, timeoutTo(at))
        return
      }
      this.#timers.delete(entry)
      this.#due(item)
    }
    this.#timers.add(entry)
  }

  clear(): void {
    for (const { timer } of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }
}

function timeoutTo(at: number): number {
  return Math.min(MAX_TIMEOUT_MS, Math.max(0, at - performance.now()))
}
