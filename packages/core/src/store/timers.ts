import type { Scheduler } from './scheduler.ts'

/** Node's timers fire at once when asked for more. */
const longestMs = 2 ** 31 - 1

export interface Timer {
  cancel(): void
}

/** Counted timers, so that it can be shown that none is left behind. They keep the process alive: somebody is waiting. */
export class Timers {
  readonly scheduler: Scheduler
  #count = 0

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler
  }

  get count(): number {
    return this.#count
  }

  /** Calls back once, not before about 24 days at the latest: who waits for longer looks at the clock and asks again. */
  after(milliseconds: number, callback: () => void): Timer {
    let isPending = true
    const end = (): void => {
      isPending = false
      this.#count -= 1
    }
    const handle = this.scheduler.setTimeout(
      () => {
        end()
        callback()
      },
      Math.min(Math.max(Math.ceil(milliseconds), 0), longestMs),
    )
    this.#count += 1
    return {
      cancel: () => {
        if (!isPending) return
        end()
        this.scheduler.clearTimeout(handle)
      },
    }
  }

  /** About that long, so that processes do not march in step. */
  jittered(milliseconds: number): number {
    return milliseconds * (0.75 + this.scheduler.random() / 2)
  }
}
