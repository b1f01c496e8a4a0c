import { BackendError } from '../../backend/backend-error.ts'
import { READY_STATES } from '../../wire/states.ts'
import type { BulkReader, ReadTarget } from './bulk-reader.ts'
import { finalCodes } from './waited-id.ts'
import type { Waiter } from './waiter.ts'
import type { Snapshot } from './waiting-source.ts'

/** Waits of no time at all: one read, shared by all of one tick, and nothing subscribed. */
export class SingleReads {
  readonly #reader: BulkReader
  #gathered: Waiter[] = []

  constructor(reader: BulkReader) {
    this.#reader = reader
  }

  read(waiter: Waiter): void {
    this.#gathered.push(waiter)
    if (this.#gathered.length === 1) queueMicrotask(() => void this.#readGathered())
  }

  async #readGathered(): Promise<void> {
    const waiters = this.#gathered.filter((waiter) => !waiter.isOver)
    this.#gathered = []
    await this.#reader.readAll(waiters.flatMap((waiter) => waiter.ids.map((id) => new SingleRead(id, waiter))))
    for (const waiter of waiters) waiter.expire()
  }
}

class SingleRead implements ReadTarget {
  readonly id: string
  readonly mark = 0
  readonly #waiter: Waiter

  constructor(id: string, waiter: Waiter) {
    this.id = id
    this.#waiter = waiter
  }

  get isWanted(): boolean {
    return !this.#waiter.isOver
  }

  answer({ meta, version, error }: Snapshot): boolean {
    if (error !== undefined) return this.refuse(error)
    if (meta !== undefined) this.#waiter.see(meta, READY_STATES.has(meta.status), version)
    return true
  }

  refuse(error: unknown): boolean {
    if (BackendError.is(error, ...finalCodes))
      this.#waiter.fail(new BackendError(error.code, error.message, { cause: error }))
    else this.#waiter.lastError = error
    return true
  }
}
