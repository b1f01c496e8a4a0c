import type { Revision } from '../../backend/backend.ts'
import type { BulkReader, ReadTarget } from './bulk-reader.ts'
import type { Timer, Timers } from '../../store/timers.ts'

export interface PollerOptions {
  readonly reader: BulkReader
  readonly timers: Timers
  readonly targets: () => readonly ReadTarget[]
  readonly revision: Revision | undefined
  readonly floorMs: number
  readonly ceilingMs: number
  /** Expiry changes no revision, so everything is read after this long although nothing was written. */
  readonly fullReadMs: number
}

const growth = 1.5

/** The one poller of a `Results`: reads everything waited for, often while there is progress and ever more seldom while there is none. */
export class Poller {
  readonly #options: PollerOptions
  #timer: Timer | undefined
  /** Names the current run, so that a round of an earlier one does not go on. */
  #run: object | undefined
  #pauseMs = 0
  #hasProgress = false
  #revision: string | undefined
  #fullReadAt = -Infinity

  constructor(options: PollerOptions) {
    this.#options = options
  }

  /** Whoever comes new is read at once by the caller; the first round follows after the shortest pause. */
  start(): void {
    if (this.#run !== undefined) return
    this.#run = {}
    this.#pauseMs = this.#options.floorMs
    this.#sleep(this.#run, this.#pauseMs)
  }

  stop(): void {
    this.#run = undefined
    this.#revision = undefined
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Something moved: look often again. */
  hasten(): void {
    this.#hasProgress = true
    const { floorMs } = this.#options
    if (this.#run === undefined || this.#pauseMs <= floorMs || this.#timer === undefined) return
    this.#pauseMs = floorMs
    this.#sleep(this.#run, floorMs)
  }

  #sleep(run: object, milliseconds: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.timers.after(milliseconds, () => {
      this.#timer = undefined
      void this.#round(run)
    })
  }

  async #round(run: object): Promise<void> {
    const { timers, floorMs, ceilingMs } = this.#options
    const began = timers.scheduler.now()
    this.#hasProgress = false
    await this.#look(run)
    if (this.#run !== run) return
    this.#pauseMs = this.#hasProgress ? floorMs : Math.min(this.#pauseMs * growth, ceilingMs)
    // Never busier than half of the time, whatever a round costs.
    this.#sleep(run, Math.max(this.#pauseMs, timers.scheduler.now() - began))
  }

  async #look(run: object): Promise<void> {
    const { reader, targets, fullReadMs, timers } = this.#options
    const now = timers.scheduler.now()
    // Asked for before the reads: what is written between the two is seen by the next round.
    const revision = await this.#currentRevision()
    if (this.#run !== run) return
    if (revision !== undefined && revision === this.#revision && now - this.#fullReadAt < fullReadMs) return
    const isDone = await reader.readAll(targets())
    if (this.#run !== run || !isDone) return
    this.#revision = revision
    this.#fullReadAt = now
  }

  async #currentRevision(): Promise<string | undefined> {
    try {
      return await this.#options.revision?.get()
    } catch {
      // The reads will tell whether the store can be reached.
      return undefined
    }
  }
}
