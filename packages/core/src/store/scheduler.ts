/** Time and chance, as everything in core that waits uses them. Tests and simulations pass one of their own. */
export interface Scheduler {
  /** Milliseconds that never jump, from any origin. */
  now(): number
  /** Milliseconds since 1970, which may jump. Only expiries, leases and deadlines are judged by it. */
  wallClock(): number
  setTimeout(callback: () => void, milliseconds: number): unknown
  clearTimeout(handle: unknown): void
  /** Lets the process end although the timer is pending. */
  unref?(handle: unknown): void
  /** At least 0, below 1. */
  random(): number
}

export const systemScheduler: Scheduler = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout), // comes from the line above
  unref: (handle) => void (handle as NodeJS.Timeout).unref(),
  random: () => Math.random(),
}
