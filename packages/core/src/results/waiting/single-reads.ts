import { BackendError } from '../../backend/backend-error.ts'
import type { Key } from '../../backend/value.ts'
import { READY_STATES } from '../../wire/states.ts'
import type { BulkReader, ReadTarget } from './bulk-reader.ts'
import { finalCodes } from './waited-id.ts'
import type { Waiter } from './waiter.ts'
import type { Snapshot, WaitingSource } from './waiting-source.ts'

/** Waits of no time at all: one read, shared by all of one tick, and nothing subscribed. */
export class SingleReads {
  readonly #source: WaitingSource
  readonly #reader: BulkReader
  readonly #waiters: Set<Waiter> = new Set()
  #gathered: Waiter[] = []

  constructor(source: WaitingSource, reader: BulkReader) {
    this.#source = source
    this.#reader = reader
  }

  read(waiter: Waiter): void {
    this.#waiters.add(waiter)
    this.#gathered.push(waiter)
    if (this.#gathered.length === 1) queueMicrotask(() => void this.#readGathered())
  }

  fail(errorOf: () => BackendError): void {
    for (const waiter of this.#waiters) waiter.fail(errorOf())
  }

  async #readGathered(): Promise<void> {
    const waiters = this.#gathered
    this.#gathered = []
    await this.#reader.readAll(waiters.flatMap((waiter) => this.#readsOf(waiter)))
    for (const waiter of waiters) {
      waiter.expire()
      this.#waiters.delete(waiter)
    }
  }

  #readsOf(waiter: Waiter): readonly SingleRead[] {
    return waiter.isOver ? [] : waiter.ids.map((id) => new SingleRead(id, this.#source.keyOf(id), waiter))
  }
}

class SingleRead implements ReadTarget {
  readonly id: string
  readonly key: Key
  readonly mark = 0
  readonly #waiter: Waiter

  constructor(id: string, key: Key, waiter: Waiter) {
    this.id = id
    this.key = key
    this.#waiter = waiter
  }

  get isWanted(): boolean {
    return !this.#waiter.isOver
  }

  answer({ meta, stored, error }: Snapshot): boolean {
    if (error !== undefined) return this.refuse(error)
    if (meta !== undefined) this.#waiter.see(meta, READY_STATES.has(meta.status), stored)
    return true
  }

  refuse(error: unknown): boolean {
    if (BackendError.is(error, ...finalCodes))
      this.#waiter.fail(new BackendError(error.code, error.message, { cause: error }))
    else this.#waiter.lastError = error
    return true
  }
}
