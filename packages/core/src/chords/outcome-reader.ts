import type { ChordReference } from './chord-host.ts'
import type { ChordLedger } from './chord-ledger.ts'
import { bodyValue, shaped } from './body-values.ts'
import type { ChordRecord, Decision } from './chord-record.ts'
import type { HeaderPages } from './header-pages.ts'
import { isFailure, type SlotEntry } from './slot-entry.ts'
import { type Tally, verdict } from './verdict.ts'

/** What is to be published. */
export interface Outcome {
  readonly decision: Decision
  /** What the body is called with. Absent when there is nothing to call it with. */
  readonly argument?: unknown
}

/** Reads what a chord has come to. Between claim and decision, and again for every later attempt. */
export class OutcomeReader {
  readonly #ledger: ChordLedger
  readonly #pages: HeaderPages

  constructor(ledger: ChordLedger, pages: HeaderPages) {
    this.#ledger = ledger
    this.#pages = pages
  }

  /** Resolves to nothing when slots are empty that must not be: then somebody else goes on, or the deadline does. */
  async read(record: ChordRecord): Promise<Outcome | undefined> {
    const { decision } = record
    if (decision?.kind === 'error') return { decision }
    if (record.results === 'reference') return await this.#byReference(record)
    const slots = this.#isAboutSlots(record) ? await this.#slots(record) : []
    const tally = tallyOf(slots)
    return mayBeMissing(record, tally.missing) ? await this.#outcome(record, slots, tally) : undefined
  }

  async #outcome(record: ChordRecord, slots: readonly (SlotEntry | undefined)[], tally: Tally): Promise<Outcome> {
    const ids = tally.missing.length > 0 ? await this.#pages.ids(record) : []
    const decision = record.decision ?? verdict(record, tally, ids)
    if (decision.kind === 'error') return { decision }
    // Once decided, a slot that was missing stays so, whatever has arrived in it since.
    const missing = new Set(decision.missing)
    const values = slots.map((entry, slot) =>
      bodyValue(record, missing.has(slot) ? undefined : entry, entry?.taskId ?? ids[slot] ?? ''),
    )
    return { decision, argument: shaped(values, record.shape) }
  }

  async #byReference(record: ChordRecord): Promise<Outcome | undefined> {
    const tally = record.decision ? undefined : await this.#tally(record)
    if (!record.decision && tally === undefined) return undefined
    const ids = tally !== undefined && tally.missing.length > 0 ? await this.#pages.ids(record) : []
    const decision = record.decision ?? verdict(record, tally ?? nothing, ids)
    if (decision.kind === 'error') return { decision }
    const { id, size, policy } = record
    const { missing } = decision
    const reference: ChordReference = { 'arpeggio-chord': id, size, policy, ...(missing ? { missing } : {}) }
    return { decision, argument: reference }
  }

  /** A complete chord's failures are known from the markers below its root; any other has to be read. */
  async #tally(record: ChordRecord): Promise<Tally | undefined> {
    if (!this.#isAboutSlots(record)) return nothing
    if (record.why !== 'complete') return await this.#scan(record)
    const fold = await this.#ledger.fold(record)
    if (fold === undefined) return undefined
    const { failed, lowest: slot, large } = fold
    const lowest = slot === undefined ? undefined : await this.#entry(record, slot)
    return { missing: [], failed, large: large > 0, ...(lowest === undefined ? {} : { lowest }) }
  }

  async #scan(record: ChordRecord): Promise<Tally> {
    const missing: number[] = []
    let { failed, large } = nothing
    let lowest: SlotEntry | undefined
    let slot = 0
    for await (const page of this.#ledger.entries(record, { values: false })) {
      for (const entry of page) {
        if (entry === undefined) missing.push(slot)
        else if (isFailure(entry)) {
          failed += 1
          lowest ??= await this.#entry(record, slot)
        }
        large ||= entry?.isLarge === true
        slot += 1
      }
    }
    return { missing, failed, large, ...(lowest === undefined ? {} : { lowest }) }
  }

  async #entry(record: ChordRecord, slot: number): Promise<SlotEntry | undefined> {
    for await (const [entry] of this.#ledger.entries(record, { from: slot, to: slot + 1 })) return entry
    return undefined
  }

  async #slots(record: ChordRecord): Promise<readonly (SlotEntry | undefined)[]> {
    const slots: (SlotEntry | undefined)[] = []
    for await (const page of this.#ledger.entries(record)) slots.push(...page)
    return slots
  }

  #isAboutSlots({ why }: ChordRecord): boolean {
    return why !== 'never-sealed' && why !== 'cancelled'
  }
}

const nothing: Tally = { missing: [], failed: 0, large: false }

/** A complete chord misses nothing, and a decided one only what it was decided without. */
function mayBeMissing({ decision, why }: ChordRecord, missing: readonly number[]): boolean {
  if (missing.length === 0) return true
  if (!decision) return why !== 'complete'
  const known = new Set(decision.kind === 'body' ? decision.missing : [])
  return missing.every((slot) => known.has(slot))
}

function tallyOf(slots: readonly (SlotEntry | undefined)[]): Tally {
  const missing: number[] = []
  let [failed, large] = [0, false]
  let lowest: SlotEntry | undefined
  for (let slot = 0; slot < slots.length; slot += 1) {
    const entry = slots[slot]
    if (entry === undefined) {
      missing.push(slot)
      continue
    }
    if (isFailure(entry)) {
      failed += 1
      lowest ??= entry
    }
    large ||= entry.isLarge === true
  }
  return { missing, failed, large, ...(lowest === undefined ? {} : { lowest }) }
}
