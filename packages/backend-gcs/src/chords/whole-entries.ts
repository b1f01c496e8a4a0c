import type { ChordRecord, EntriesOptions, LedgerContext, Place, SlotEntry } from '@arpeggio/core'
import type { PeerChords } from './peer-chords.ts'

/** So many slots are read at a time. */
const pageSlots = 1_000

type Page = readonly (SlotEntry | undefined)[]

/** What is in slots: markers where a part was counted here, and results where a peer has counted one. */
export class WholeEntries {
  readonly #context: LedgerContext
  readonly #peers: PeerChords

  constructor(context: LedgerContext, peers: PeerChords) {
    this.#context = context
    this.#peers = peers
  }

  async *pages(place: Place, { from = 0, to = place.size, values = true }: EntriesOptions = {}): AsyncGenerator<Page> {
    const { retry } = this.#context
    for (let first = from; first < to; first += pageSlots) {
      const range = { from: first, to: Math.min(to, first + pageSlots), values }
      const page = await retry(() => this.#counted(place, range))
      yield values && page.includes(undefined) ? await retry(() => this.#completed(place.id, page, first)) : page
    }
  }

  /** The slots whose tasks have not ended. */
  async missing(record: ChordRecord): Promise<readonly number[]> {
    const empty: number[] = []
    let first = 0
    for await (const page of this.pages(record, { values: false })) {
      const ended = page.includes(undefined) ? await this.#completed(record.id, page, first) : page
      for (const [at, entry] of ended.entries()) if (entry === undefined) empty.push(first + at)
      first += page.length
    }
    return empty
  }

  async #counted(place: Place, range: EntriesOptions): Promise<Page> {
    for await (const page of this.#context.own.entries(place, range)) return page
    return []
  }

  async #completed(chord: string, page: Page, first: number): Promise<Page> {
    const held = await this.#context.own.get(chord)
    const ids = held === undefined ? [] : await this.#peers.taskIds(held.record)
    const asked = page.flatMap((entry, at) => (entry === undefined ? [at] : [])).filter((at) => ids[first + at])
    const endings = await this.#context.endings(asked.map((at) => ids[first + at] ?? ''))
    const filled = [...page]
    for (const [position, at] of asked.entries()) filled[at] = endings[position]
    return filled
  }
}
