import type { GuardedWrite, GuardOutcome } from '../backend/backend.ts'
import type { ChordLedger, Claim, Part, PartOutcome, Recorded, StoredPart } from './chord-ledger.ts'
import type { ChordParts } from './chord-parts.ts'
import type { SlotEntry } from './slot-entry.ts'

/** One part on its way into its slot, where possible together with its own result. */
export class PartReturn {
  /** Stores the part's result as the `guard` of a store does, and the part with it. Absent where that takes two steps. */
  readonly guard: ((write: GuardedWrite) => Promise<GuardOutcome>) | undefined
  readonly #part: Part
  readonly #parts: ChordParts
  #offer: Promise<Claim | undefined> | undefined
  #recorded: Recorded | undefined

  constructor(part: Part, ledger: ChordLedger, parts: ChordParts) {
    this.#part = part
    this.#parts = parts
    const { recordWithResult } = ledger
    if (recordWithResult !== undefined) {
      this.guard = async (write) => this.#keep(await recordWithResult.call(ledger, part, write, await this.#claim()))
    }
  }

  get taskId(): string {
    return this.#part.entry.taskId
  }

  /** Records what was not recorded with the result. `held`: what the store holds of the task, if that is something else. */
  async finish(held?: SlotEntry): Promise<PartOutcome> {
    if (this.#recorded !== undefined) return await this.#parts.finish(this.#recorded)
    const part = held === undefined ? this.#part : { ...this.#part, entry: held }
    return await this.#parts.record(part, await this.#claim())
  }

  #keep(stored: StoredPart): GuardOutcome {
    if ('recorded' in stored) this.#recorded = stored.recorded
    return stored.result
  }

  /** One for every try: whoever lost the answer to his claim must find it to be his own. */
  #claim(): Promise<Claim | undefined> {
    this.#offer ??= this.#parts.offer()
    return this.#offer
  }
}
