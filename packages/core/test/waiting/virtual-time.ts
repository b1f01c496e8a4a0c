import { setImmediate as turn } from 'node:timers/promises'
import type { Scheduler } from '../../src/store/scheduler.ts'

/** A clock that stands still until a test moves it, so that minutes take no time and nothing depends on the machine. */
export class VirtualTime implements Scheduler {
  #now = 0
  #handles = 0
  readonly #timers: Map<number, { readonly at: number; readonly callback: () => void }> = new Map()

  now(): number {
    return this.#now
  }

  wallClock(): number {
    return this.#now
  }

  setTimeout(callback: () => void, milliseconds: number): unknown {
    this.#handles += 1
    this.#timers.set(this.#handles, { at: this.#now + milliseconds, callback })
    return this.#handles
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as number) // made above
  }

  /** No jitter. */
  random(): number {
    return 0.5
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 6; turns += 1) await turn()
  }

  /** Moves on, timer by timer. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await this.settle()
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      const [handle, { at, callback }] = next
      this.#timers.delete(handle)
      this.#now = Math.max(this.#now, at)
      callback()
      await this.settle()
    }
    this.#now = end
  }

  #next(end: number): [number, { readonly at: number; readonly callback: () => void }] | undefined {
    const due = [...this.#timers].filter(([, { at }]) => at <= end)
    return due.toSorted(([, a], [, b]) => a.at - b.at)[0]
  }
}
