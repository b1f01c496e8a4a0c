import { BackendError } from '../backend/backend-error.ts'
import type { ChordResults } from '../canvas/chord-results.ts'
import { isRecord } from '../wire/unreadable.ts'
import { bodyValue } from './body-values.ts'
import type { ChordReference } from './chord-host.ts'
import type { ChordLedger, Place } from './chord-ledger.ts'
import type { SlotEntry } from './slot-entry.ts'

export function isChordReference(value: unknown): value is ChordReference {
  return isRecord(value) && typeof value['arpeggio-chord'] === 'string' && typeof value['size'] === 'number'
}

/** The results of a header, read page by page from the slots, which stay until the body has ended. */
export class StoredChordResults implements ChordResults<unknown> {
  readonly length: number
  readonly #ledger: ChordLedger
  readonly #reference: ChordReference
  readonly #missing: ReadonlySet<number>

  constructor(ledger: ChordLedger, reference: ChordReference) {
    this.length = reference.size
    this.#ledger = ledger
    this.#reference = reference
    this.#missing = new Set(reference.missing)
  }

  async at(index: number): Promise<unknown> {
    const slot = index < 0 ? this.length + index : index
    if (!Number.isInteger(slot) || slot < 0 || slot >= this.length) return undefined
    for await (const [entry] of this.#ledger.entries(this.#place, { from: slot, to: slot + 1 })) {
      await this.#checkKept()
      return this.#value(entry, slot)
    }
    return undefined
  }

  async *[Symbol.asyncIterator](): AsyncGenerator {
    let slot = 0
    for await (const page of this.#ledger.entries(this.#place)) {
      await this.#checkKept()
      for (const entry of page) yield this.#value(entry, slot++)
    }
  }

  /** After every read: a slot that is read while nobody has begun to clean up is what the chord was decided with. */
  async #checkKept(): Promise<void> {
    const record = (await this.#ledger.get(this.#reference['arpeggio-chord']))?.record
    const isKept = record?.state === 'dispatching' || record?.state === 'published'
    if (!isKept || record.hasEnded === true) throw gone(this.#reference)
  }

  get #place(): Place {
    return { id: this.#reference['arpeggio-chord'], size: this.length }
  }

  #value(entry: SlotEntry | undefined, slot: number): unknown {
    // What came after the decision does not count.
    if (this.#missing.has(slot)) return bodyValue(this.#reference, undefined, entry?.taskId ?? '')
    if (entry !== undefined) return bodyValue(this.#reference, entry, entry.taskId)
    throw gone(this.#reference)
  }
}

function gone({ 'arpeggio-chord': id }: ChordReference): BackendError {
  return new BackendError(
    'expired',
    `the results of chord ${id} are gone: its body has ended before, or it has expired`,
  )
}
