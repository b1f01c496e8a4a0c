import { BackendError } from '../../backend/backend-error.ts'
import { batches } from '../../store/batches.ts'
import type { Timer, Timers } from '../../store/timers.ts'
import type { Readable, Snapshot, WaitingSource } from './waiting-source.ts'

export interface ReadTarget extends Readable {
  readonly isWanted: boolean
  /** Given back with the answer of every read that begins now. */
  readonly mark: number
  /** `false` asks for another read. */
  answer(snapshot: Snapshot, mark: number): boolean
  /** `false` asks for another read. */
  refuse(error: unknown): boolean
}

/** Bulk reads at a time; what comes meanwhile gathers for the next one. */
const lanes = 4
const firstPauseMs = 25
const longestPauseMs = 5_000

/** Reads what is wanted: all that is asked for in one tick together, and again after a pause when it fails. */
export class BulkReader {
  readonly #source: WaitingSource
  readonly #timers: Timers
  readonly #closing = new AbortController()
  readonly #wanted: Set<ReadTarget> = new Set()
  /** Wanted again after the pause; what others want does not wait for it. */
  readonly #failed: Set<ReadTarget> = new Set()
  #active = 0
  #failures = 0
  #isDue = false
  #pause: Timer | undefined

  constructor(source: WaitingSource, timers: Timers) {
    this.#source = source
    this.#timers = timers
  }

  want(target: ReadTarget): void {
    this.#wanted.add(target)
    this.#schedule()
  }

  /** Reads each of them once. Resolves to whether none asked for another read. */
  async readAll(targets: readonly ReadTarget[]): Promise<boolean> {
    const queue = [...batches(targets, this.#batchSize)]
    let isDone = true
    const lane = async (): Promise<void> => {
      for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
        const { stale, failed } = await this.#read(batch)
        if (stale.length + failed.length > 0) isDone = false
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    return isDone
  }

  /** Forgets what was wanted; nobody waits any more. */
  rest(): void {
    this.#wanted.clear()
    this.#failed.clear()
    this.#pause?.cancel()
    this.#pause = undefined
    this.#failures = 0
  }

  close(): void {
    this.rest()
    this.#closing.abort()
  }

  get #batchSize(): number {
    return this.#source.backend.limits.maxBatchKeys
  }

  #schedule(): void {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      this.#pump()
    })
  }

  #pump(): void {
    while (this.#active < lanes && this.#wanted.size > 0) {
      const batch: ReadTarget[] = []
      for (const target of this.#wanted) {
        this.#wanted.delete(target)
        if (target.isWanted && batch.push(target) === this.#batchSize) break
      }
      void this.#run(batch)
    }
  }

  async #run(batch: readonly ReadTarget[]): Promise<void> {
    this.#active += 1
    const { stale, failed } = await this.#read(batch)
    this.#active -= 1
    for (const target of stale) if (target.isWanted) this.#wanted.add(target)
    for (const target of failed) if (target.isWanted) this.#failed.add(target)
    this.#rally()
    this.#pump()
  }

  #rally(): void {
    if (this.#failed.size === 0) this.#failures = 0
    if (this.#failed.size === 0 || this.#pause !== undefined) return
    const pauseMs = Math.min(firstPauseMs * 2 ** this.#failures, longestPauseMs)
    this.#failures += 1
    this.#pause = this.#timers.after(this.#timers.jittered(pauseMs), () => {
      this.#pause = undefined
      for (const target of this.#failed) this.#wanted.add(target)
      this.#failed.clear()
      this.#pump()
    })
  }

  async #read(batch: readonly ReadTarget[]): Promise<Unanswered> {
    if (batch.length === 0) return { stale: [], failed: [] }
    const marks = batch.map((target) => target.mark)
    try {
      const snapshots = await this.#source.read(batch, { signal: this.#closing.signal })
      return answered(batch, marks, snapshots)
    } catch (error) {
      // One document that cannot be read must not end the waits for its neighbours.
      if (batch.length > 1 && BackendError.is(error, 'unreadable', 'too-large')) return this.#readHalves(batch)
      return { stale: [], failed: batch.filter((target) => !target.refuse(error)) }
    }
  }

  async #readHalves(batch: readonly ReadTarget[]): Promise<Unanswered> {
    const half = Math.ceil(batch.length / 2)
    const [first, second] = await Promise.all([this.#read(batch.slice(0, half)), this.#read(batch.slice(half))])
    return { stale: [...first.stale, ...second.stale], failed: [...first.failed, ...second.failed] }
  }
}

interface Unanswered {
  /** Something newer was seen while the read was under way. */
  readonly stale: readonly ReadTarget[]
  readonly failed: readonly ReadTarget[]
}

function answered(batch: readonly ReadTarget[], marks: readonly number[], snapshots: readonly Snapshot[]): Unanswered {
  const stale: ReadTarget[] = []
  const failed: ReadTarget[] = []
  let index = -1
  for (const target of batch) {
    index += 1
    const snapshot = snapshots[index] ?? { error: new Error('the read answered for too few ids') }
    if (target.answer(snapshot, marks[index] ?? 0)) continue
    if (snapshot.error === undefined) stale.push(target)
    else failed.push(target)
  }
  return { stale, failed }
}
