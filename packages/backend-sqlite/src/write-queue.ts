import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setImmediate as nextTick } from 'node:timers/promises'
import { pause } from './busy-retry.ts'
import { aborted, commitFailed, endsTransaction, isBusy, toBackendError } from './errors.ts'

/** Bounds how long one transaction keeps the event loop. */
const maxJobsPerTransaction = 256

interface Job {
  /** Runs inside a transaction, and again in another one if that was rolled back. */
  readonly work: () => unknown
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
  readonly deadline: number
}

type Outcome = { readonly answer: unknown } | { readonly error: unknown }

/**
 * Lets all writes of one tick share one transaction, which costs hardly more than one write alone. Each has its own outcome:
 * a statement that fails undoes itself only.
 */
export class WriteQueue {
  /** How many transactions were committed. */
  commits = 0
  readonly #budgetMs: number
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #rollback: StatementSync
  #jobs: Job[] = []
  #draining: Promise<void> | undefined

  constructor(database: DatabaseSync, budgetMs: number) {
    this.#budgetMs = budgetMs
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#rollback = database.prepare('ROLLBACK')
  }

  /** Resolves to what `work` returned once it is committed. */
  add<Answer>(work: () => Answer, signal?: AbortSignal): Promise<Answer> {
    if (signal?.aborted === true) return Promise.reject(aborted(signal))
    const deadline = performance.now() + this.#budgetMs
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    // A job is resolved with what its own work returned.
    const job: Job = { work, resolve: resolve as Job['resolve'], reject, deadline }
    this.#jobs.push(job)
    this.#draining ??= this.#drain()
    return signal === undefined ? promise : this.#abortable(job, promise, signal)
  }

  /** Resolves when nothing is left to write. */
  async idle(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining
  }

  async #abortable<Answer>(job: Job, promise: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    const abort = (): void => {
      this.#jobs = this.#jobs.filter((other) => other !== job)
      job.reject(aborted(signal))
    }
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Gives the event loop a turn before each transaction: it collects the tick's writes, and a stream of writes starves nobody. */
  async #drain(): Promise<void> {
    for (let attempt = 0; this.#jobs.length > 0;) {
      await (attempt === 0 ? nextTick() : pause(attempt))
      attempt = this.#flush() ? 0 : attempt + 1
    }
    this.#draining = undefined
  }

  /** Whether the batch is over, in one way or another; if not, the file is locked. */
  #flush(): boolean {
    const batch = this.#jobs.slice(0, maxJobsPerTransaction)
    let outcomes: readonly Outcome[]
    try {
      outcomes = this.#transact(batch)
    } catch (error) {
      if (isBusy(error)) return this.#dropOverdue(error)
      outcomes = batch.map(() => ({ error: toBackendError(error) }))
    }
    this.#jobs = this.#jobs.slice(batch.length)
    for (const [index, outcome] of outcomes.entries()) settle(batch[index], outcome)
    return true
  }

  #transact(batch: readonly Job[]): readonly Outcome[] {
    if (batch.length === 0) return []
    this.#begin.run()
    try {
      const outcomes = batch.map(perform)
      this.#end()
      return outcomes
    } catch (error) {
      this.#undo()
      throw error
    }
  }

  #end(): void {
    try {
      this.#commit.run()
      this.commits++
    } catch (error) {
      throw isBusy(error) ? error : commitFailed(error)
    }
  }

  #undo(): void {
    try {
      this.#rollback.run()
    } catch {
      // SQLite had already rolled back by itself.
    }
  }

  #dropOverdue(error: unknown): false {
    const now = performance.now()
    const overdue = this.#jobs.filter((job) => job.deadline <= now)
    this.#jobs = this.#jobs.filter((job) => job.deadline > now)
    for (const job of overdue) job.reject(toBackendError(error))
    return false
  }
}

function perform(job: Job): Outcome {
  try {
    return { answer: job.work() }
  } catch (error) {
    if (endsTransaction(error)) throw error
    return { error: toBackendError(error) }
  }
}

function settle(job: Job | undefined, outcome: Outcome): void {
  if ('error' in outcome) job?.reject(outcome.error)
  else job?.resolve(outcome.answer)
}
