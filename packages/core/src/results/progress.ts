import type { BackendLimits } from '../backend/backend.ts'

interface Pending {
  readonly store: () => Promise<void>
  readonly resolve: (value: undefined) => void
  readonly reject: (error: unknown) => void
}

interface Pace {
  timer: NodeJS.Timeout
  /** The newest progress and everybody who waits for it or for what it replaced. */
  pending: Pending[]
}

/** Spares a store that limits the writes of one key: of progress that comes faster, only the newest is stored. */
export class Progress {
  readonly #intervalMs: number
  readonly #paces: Map<string, Pace> = new Map()

  constructor(limits: BackendLimits) {
    this.#intervalMs = 1_000 / limits.writesPerSecondPerKey
  }

  /** Resolves when this progress is stored, or newer news of the task. */
  update(id: string, store: () => Promise<void>): Promise<void> {
    if (this.#intervalMs === 0) return store()
    const pace = this.#paces.get(id)
    if (pace === undefined) {
      this.#start(id)
      return store()
    }
    pace.timer.ref()
    return new Promise((resolve, reject) => pace.pending.push({ store, resolve, reject }))
  }

  /** Other news of the task are about to be stored: waiting progress is out of date. */
  supersede(id: string): void {
    const pace = this.#paces.get(id)
    if (pace === undefined) return
    for (const { resolve } of pace.pending.splice(0)) resolve(undefined)
  }

  /** Stores what waits, without further delay. */
  async flush(): Promise<void> {
    const paces = [...this.#paces.values()]
    this.#paces.clear()
    for (const { timer } of paces) clearTimeout(timer)
    await Promise.allSettled(paces.map(({ pending }) => settle(pending)))
  }

  #start(id: string): void {
    const timer = setTimeout(() => this.#next(id), this.#intervalMs)
    // With nothing pending the timer only forgets the pace; that is no reason to keep a process alive.
    timer.unref()
    this.#paces.set(id, { timer, pending: [] })
  }

  #next(id: string): void {
    const pending = this.#paces.get(id)?.pending ?? []
    this.#paces.delete(id)
    if (pending.length === 0) return
    this.#start(id)
    void settle(pending)
  }
}

async function settle(pending: readonly Pending[]): Promise<void> {
  try {
    await pending.at(-1)?.store()
    for (const { resolve } of pending) resolve(undefined)
  } catch (error) {
    for (const { reject } of pending) reject(error)
  }
}
