import { BackendError } from '../backend/backend-error.ts'
import type { ChordResults } from '../canvas/chord-results.ts'
import { isRecord } from '../wire/unreadable.ts'
import { bodyValue } from './body-values.ts'
import type { ChordReference } from './chord-host.ts'
import type { ChordRecord } from './chord-record.ts'
import type { MarkerLedger } from './marker-ledger.ts'
import type { SlotEntry } from './slot-entry.ts'

export function isChordReference(value: unknown): value is ChordReference {
  return isRecord(value) && typeof value['arpeggio-chord'] === 'string' && typeof value['size'] === 'number'
}

/** The results of a header, read page by page from the slots, which stay until the body has ended. */
export class StoredChordResults implements ChordResults<unknown> {
  readonly length: number
  readonly #ledger: MarkerLedger
  readonly #reference: ChordReference
  readonly #missing: ReadonlySet<number>

  constructor(ledger: MarkerLedger, reference: ChordReference) {
    this.length = reference.size
    this.#ledger = ledger
    this.#reference = reference
    this.#missing = new Set(reference.missing)
  }

  async at(index: number): Promise<unknown> {
    const slot = index < 0 ? this.length + index : index
    if (!Number.isInteger(slot) || slot < 0 || slot >= this.length) return undefined
    for await (const [entry] of this.#ledger.entries(this.#place, { from: slot, to: slot + 1 }))
      return this.#value(entry, slot)
    return undefined
  }

  async *[Symbol.asyncIterator](): AsyncGenerator {
    let slot = 0
    for await (const page of this.#ledger.entries(this.#place)) {
      for (const entry of page) yield this.#value(entry, slot++)
    }
  }

  get #place(): Pick<ChordRecord, 'id' | 'size'> {
    return { id: this.#reference['arpeggio-chord'], size: this.length }
  }

  #value(entry: SlotEntry | undefined, slot: number): unknown {
    // What came after the decision does not count.
    if (this.#missing.has(slot)) return bodyValue(this.#reference, undefined, entry?.taskId ?? '')
    if (entry !== undefined) return bodyValue(this.#reference, entry, entry.taskId)
    const { 'arpeggio-chord': id } = this.#reference
    throw new BackendError(
      'expired',
      `the results of chord ${id} are gone: its body has ended before, or it has expired`,
    )
  }
}
