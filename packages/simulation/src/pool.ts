import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Outcome } from './workload.ts'

/** Seeds that one worker simulates before it reports. */
export interface Portion {
  readonly from: number
  readonly count: number
}

export interface PortionDone {
  readonly count: number
  readonly steps: number
  readonly found: readonly Outcome[]
}

export interface WorkerTask {
  readonly workload: string
  /** The name of the bug that is planted. Absent: none. */
  readonly mutant?: string | undefined
}

export interface PoolOptions extends WorkerTask {
  readonly seed: number
  readonly chords: number
  readonly workers: number
  /** Stops asking for more once so many violations were found. */
  readonly maxFound: number
  readonly onDone: (done: PortionDone) => void
}

const portionSize = 250

/** From source, also where this thread was started otherwise. */
const execArgv = ['--conditions=@arpeggio/source', '--disable-warning=ExperimentalWarning']

/** Spreads consecutive seeds over worker threads. */
export async function simulateAll(options: PoolOptions): Promise<void> {
  const portions = new Portions(options)
  await Promise.all(Array.from({ length: options.workers }, () => runWorker(options, portions)))
}

class Portions {
  #next: number
  readonly #end: number
  #found = 0
  readonly #maxFound: number

  constructor({ seed, chords, maxFound }: PoolOptions) {
    this.#next = seed
    this.#end = seed + chords
    this.#maxFound = maxFound
  }

  take(): Portion | undefined {
    const from = this.#next
    const count = Math.min(portionSize, this.#end - from)
    if (count <= 0 || this.#found >= this.#maxFound) return undefined
    this.#next += count
    return { from, count }
  }

  done({ found }: PortionDone): void {
    this.#found += found.length
  }
}

async function runWorker({ workload, mutant, onDone }: PoolOptions, portions: Portions): Promise<void> {
  const workerData: WorkerTask = { workload, mutant }
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData, execArgv })
  try {
    for (let portion = portions.take(); portion !== undefined; portion = portions.take()) {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      worker.postMessage(portion)
      const [done] = (await once(worker, 'message')) as [PortionDone] // what worker.ts posts; errors reject
      portions.done(done)
      onDone(done)
    }
  } finally {
    await worker.terminate()
  }
}
