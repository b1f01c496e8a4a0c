import type { Backend, Bulk, BulkOutcome } from '../backend/backend.ts'
import { BackendError } from '../backend/backend-error.ts'
import type { CallOptions, Key, SetOutcome, Write } from '../backend/value.ts'

interface Writer {
  readonly write: Write
  readonly resolve: (outcome: SetOutcome) => void
  readonly reject: (error: unknown) => void
}

/** So many batches travel at once; more writes gather meanwhile, which makes their batch larger. */
const maxInFlight = 4

/** Sends the writes of one tick together where the store has `bulk`. A write that comes alone goes out in the same tick. */
export class WriteCoalescer {
  readonly #backend: Backend
  readonly #bulk: Bulk | undefined
  #queue: Writer[] = []
  #scheduled = false
  #inFlight = 0

  constructor(backend: Backend) {
    this.#backend = backend
    this.#bulk = backend.bulk
  }

  /** A write with a signal of its own travels alone, so that aborting it ends no other. */
  set(write: Write, options?: CallOptions): Promise<SetOutcome> {
    if (this.#bulk === undefined || options?.signal !== undefined) return this.#backend.set(write, options)
    return new Promise((resolve, reject) => {
      this.#queue.push({ write, resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= maxInFlight) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      while (this.#queue.length > 0 && this.#inFlight < maxInFlight) void this.#send(this.#take())
    })
  }

  /** The first writes of the queue, each key once; a second write of a key stays for a later batch. */
  #take(): readonly Writer[] {
    const { maxBatchKeys } = this.#backend.limits
    const batch: Writer[] = []
    const rest: Writer[] = []
    const keys = new Set<Key>()
    for (const writer of this.#queue) {
      if (batch.length < maxBatchKeys && !keys.has(writer.write.key)) {
        keys.add(writer.write.key)
        batch.push(writer)
      } else rest.push(writer)
    }
    this.#queue = rest
    return batch
  }

  async #send(batch: readonly Writer[]): Promise<void> {
    this.#inFlight += 1
    try {
      const outcomes = await this.#write(batch)
      for (const [index, writer] of batch.entries()) settle(writer, outcomes[index])
    } catch (error) {
      for (const writer of batch) writer.reject(error)
    } finally {
      this.#inFlight -= 1
      if (this.#queue.length > 0) this.#schedule()
    }
  }

  async #write(batch: readonly Writer[]): Promise<readonly BulkOutcome[]> {
    const [only] = batch
    if (batch.length === 1 && only !== undefined) return [await this.#backend.set(only.write)]
    return (await this.#bulk?.set(batch.map(({ write }) => write))) ?? []
  }
}

function settle(writer: Writer, outcome: BulkOutcome | undefined): void {
  if (outcome === undefined)
    writer.reject(new BackendError('uncertain', 'the store left a write of a batch unanswered'))
  else if ('error' in outcome) writer.reject(outcome.error)
  else writer.resolve(outcome)
}
