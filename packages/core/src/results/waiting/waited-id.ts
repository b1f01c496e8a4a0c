import { BackendError } from '../../backend/backend-error.ts'
import type { Key, Stored } from '../../backend/value.ts'
import { READY_STATES } from '../../wire/states.ts'
import type { TaskMeta } from '../../wire/task-meta.ts'
import type { ReadTarget } from './bulk-reader.ts'
import type { Waiter } from './waiter.ts'
import type { Snapshot } from './waiting-source.ts'

/** Reading the same again would give the same answer. */
export const finalCodes = ['misconfigured', 'unreadable', 'unsupported', 'too-large', 'disposed'] as const

/** What an id tells of itself. */
export interface WaitedIdHooks {
  wallClock(): number
  /** The task is in another state than before. */
  progressed(): void
  /** Nobody waits for the id any more. */
  deserted(waited: WaitedId): void
}

/** An id that somebody waits for: what was last seen of it, and everybody to be told. */
export class WaitedId implements ReadTarget {
  readonly id: string
  readonly key: Key
  readonly #hooks: WaitedIdHooks
  /** Nearly always there is one, and a set would take more memory than all the rest. */
  #waiter: Waiter | undefined
  #others: Set<Waiter> | undefined
  #state: string | undefined
  #expiresAt: Date | undefined
  #observations = 0

  constructor(id: string, key: Key, hooks: WaitedIdHooks) {
    this.id = id
    this.key = key
    this.#hooks = hooks
  }

  /** A read that began before the latest observation may be older than it. */
  get mark(): number {
    return this.#observations
  }

  get isWanted(): boolean {
    return this.#waiter !== undefined
  }

  join(waiter: Waiter): void {
    if (this.#waiter === undefined) this.#waiter = waiter
    else (this.#others ??= new Set()).add(waiter)
  }

  leave(waiter: Waiter): void {
    if (waiter !== this.#waiter) {
      this.#others?.delete(waiter)
      return
    }
    const [next] = this.#others ?? []
    this.#waiter = next
    if (next === undefined) this.#hooks.deserted(this)
    else this.#others?.delete(next)
  }

  /** `stored` is what the document was read from, where it was read. */
  observe(meta: TaskMeta, stored?: Stored): void {
    if (!this.isWanted) return
    const isNew = this.#state !== meta.status
    this.#observations += 1
    this.#state = meta.status
    this.#expiresAt = stored?.expiresAt
    const isReady = READY_STATES.has(meta.status)
    for (const waiter of isReady ? this.#desert() : this.#all()) waiter.see(meta, isReady, stored)
    if (isNew) this.#hooks.progressed()
  }

  /** Takes the answer of a read that began at `mark`; `false` asks for another read. */
  answer(snapshot: Snapshot, mark: number): boolean {
    if (!this.isWanted) return true
    const { meta, stored, error } = snapshot
    if (error !== undefined) return this.refuse(error)
    if (mark !== this.#observations && !(meta !== undefined && READY_STATES.has(meta.status))) return false
    if (meta !== undefined) this.observe(meta, stored)
    else if (this.#state !== undefined) this.#vanish()
    return true
  }

  /** Takes the failure of a read; `false` asks for another read. */
  refuse(error: unknown): boolean {
    if (!this.isWanted) return true
    if (BackendError.is(error, ...finalCodes)) {
      this.fail(() => new BackendError(error.code, error.message, { cause: error }))
      return true
    }
    for (const waiter of this.#all()) waiter.lastError = error
    return false
  }

  fail(errorOf: () => BackendError): void {
    for (const waiter of this.#desert()) waiter.fail(errorOf())
  }

  #vanish(): void {
    const isExpired = this.#expiresAt !== undefined && this.#expiresAt.getTime() <= this.#hooks.wallClock()
    this.fail(() =>
      isExpired
        ? new BackendError('expired', `the result of task ${this.id} has expired`)
        : new BackendError('not-found', `the result of task ${this.id} was removed`),
    )
  }

  /** Before anybody is told: whoever waits again from there on finds a clean slate. */
  #desert(): readonly Waiter[] {
    const waiters = this.#all()
    this.#waiter = undefined
    this.#others = undefined
    this.#hooks.deserted(this)
    return waiters
  }

  #all(): readonly Waiter[] {
    return this.#waiter === undefined ? [] : [this.#waiter, ...(this.#others ?? [])]
  }
}
