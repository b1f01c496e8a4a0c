import type { SimulatedProcess } from './process.ts'

interface VirtualTimer {
  at: number
  readonly callback: () => void
  readonly process: SimulatedProcess | undefined
}

/** Timers on virtual time. Those of a paused process fire when it goes on, those of a dead one never. */
export class VirtualTimers {
  #timers: VirtualTimer[] = []

  set(at: number, callback: () => void, process?: SimulatedProcess): unknown {
    const timer: VirtualTimer = { at, callback, process }
    this.#timers.push(timer)
    return timer
  }

  clear(handle: unknown): void {
    const index = this.#timers.indexOf(handle as VirtualTimer) // anything else is not found
    if (index >= 0) this.#timers.splice(index, 1)
  }

  /** When the next one is due. */
  next(now: number): { readonly at: number } | undefined {
    let first: number | undefined
    for (const timer of this.#timers) {
      const at = dueAt(timer)
      if (at !== undefined && (first === undefined || at < first)) first = at
    }
    return first === undefined ? undefined : { at: Math.max(first, now) }
  }

  /** Calls back whatever is due, in the order of its time. */
  fire(now: number): void {
    const due = this.#timers.filter((timer) => (dueAt(timer) ?? Infinity) <= now)
    if (due.length === 0) return
    const isDue = new Set(due)
    this.#timers = this.#timers.filter((timer) => !isDue.has(timer) && timer.process?.isAlive !== false)
    for (const { callback } of due.toSorted((a, b) => a.at - b.at)) callback()
  }
}

function dueAt({ at, process }: VirtualTimer): number | undefined {
  if (process?.isAlive === false) return undefined
  return Math.max(at, process?.pausedUntil ?? 0)
}
