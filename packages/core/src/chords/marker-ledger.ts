import type { Write } from '../backend/value.ts'
import type { KeyStore } from '../store/key-store.ts'
import type { ChordKeys } from './chord-keys.ts'
import type { Claim, EntriesOptions, LedgerReader, Look, OwnLedger, Part, Place, Recorded } from './chord-ledger.ts'
import type { ChordRecord, Held, Reason } from './chord-record.ts'
import { ChordRecords } from './chord-records.ts'
import { ChordRegistry } from './chord-registry.ts'
import type { Fold } from './fold.ts'
import { isFailure, type SlotEntry } from './slot-entry.ts'
import { type Siblings, SlotMarkers } from './slot-markers.ts'
import { claimedBy } from './stamped-records.ts'
import type { StoreClock } from './store-clock.ts'

/** The bookkeeping of chords over any store that can create a key if it is absent, and write over a version. */
export class MarkerLedger implements OwnLedger {
  readonly #tools: MarkerLedgerTools
  readonly #records: ChordRecords
  readonly #markers: SlotMarkers
  readonly #registry: ChordRegistry

  constructor(tools: MarkerLedgerTools) {
    const { keys, names, clock, inlineBytes, lifetimeSeconds } = tools
    this.#tools = tools
    this.#records = new ChordRecords(keys, names)
    this.#markers = new SlotMarkers(keys, names, { inlineBytes, lifetimeSeconds })
    // For longer than the chords: a list that loses its head looks like an empty one.
    this.#registry = new ChordRegistry(keys, names, clock, lifetimeSeconds + 2 * 3_600)
  }

  get(id: string): Promise<Held | undefined> {
    return this.#records.get(id)
  }

  create(record: ChordRecord): Promise<Held | undefined> {
    return this.#records.create(record)
  }

  replace(held: Held, record: ChordRecord, expiresInSeconds: number): Promise<Held | undefined> {
    return this.#records.replace(held, record, expiresInSeconds)
  }

  enter(id: string): Promise<void> {
    return this.#registry.append(id)
  }

  reader(): LedgerReader {
    return this.#registry.reader()
  }

  entries(place: Place, options?: EntriesOptions): AsyncIterable<readonly (SlotEntry | undefined)[]> {
    return this.#markers.entries(place, options)
  }

  fold(record: ChordRecord): Promise<Fold | undefined> {
    return this.#markers.fold(record)
  }

  async remove(record: ChordRecord, hasLargeValues: boolean): Promise<void> {
    await this.#markers.remove(record, hasLargeValues)
    await this.#tools.keys.delete([this.#tools.names.failed(record.id)])
  }

  async marker(part: Part): Promise<Write> {
    const { write } = await this.#markers.prepare(part)
    return write
  }

  /** The marker first, the record second: whoever seals the chord does it the other way round, so that one of them sees both. */
  async record(part: Part, claim: Claim | undefined): Promise<Recorded> {
    const { chord, slot } = part
    const markers = this.#markers
    if (!Number.isSafeInteger(slot)) return { outcome: 'unknown' }
    const { filling, entry } = await markers.fill(part)
    const [held, siblings] = await Promise.all([
      this.#records.get(chord),
      markers.siblings(chord, slot, this.#tools.fanOut),
    ])
    if (held === undefined) return { outcome: 'unknown' }
    if (isLate(held.record, slot)) {
      // Whoever filled it: nobody reads it any more.
      await markers.clear(chord, slot)
      return { outcome: 'late' }
    }
    const hasFailed = held.record.policy === 'failFast' && isFailure(entry)
    // A repeat carries completion upwards as the first did, which may not have come so far.
    const claimed = await (hasFailed ? this.#failFast(held, slot, claim) : this.#climb(held, { slot, siblings }, claim))
    const outcome = filling === 'duplicate' || filling === 'conflict' ? filling : 'recorded'
    return claimed === undefined ? { outcome } : { outcome, claimed }
  }

  async look({ record }: Held): Promise<Look> {
    const { keys, names } = this.#tools
    const hasFailed = record.policy === 'failFast' && (await keys.exists([names.failed(record.id)]))[0] === true
    if (hasFailed) return { due: 'failed', missing: [] }
    const { isComplete, missing } = await this.#markers.look(record)
    return isComplete ? { due: 'complete', missing } : { missing }
  }

  /** A climb to the edge holds for the size that was read: where the chord has grown meanwhile, other nodes are to be made. */
  async #climb(held: Held, { slot, siblings }: Filling, claim: Claim | undefined): Promise<Held | undefined> {
    const isDue = async ({ record }: Held): Promise<boolean> => (await this.#markers.climb(record, slot)) === 'full'
    for (let now: Held | undefined = held, known: Siblings | undefined = siblings; now?.record.state === 'sealed';) {
      const { record }: Held = now
      const climb = await this.#markers.climb(record, slot, known)
      if (climb === 'full') return await this.#claimed(now, { why: 'complete', isDue, claim })
      if (climb === 'waits') return undefined
      known = undefined
      now = await this.#records.get(record.id)
      if (now?.record.size === record.size) return undefined
    }
    return undefined
  }

  /** A claim holds for the size that was looked at: if the chord has grown since, it is looked at again. */
  async #claimed(start: Held, { why, isDue, claim }: Claiming): Promise<Held | undefined> {
    if (claim === undefined) return undefined
    for (let held: Held | undefined = start; held?.record.state === 'sealed';) {
      const claimed = await this.#records.replace(held, claimedBy(held.record, claim, why))
      if (claimed !== undefined) return claimed
      held = await this.#records.get(start.record.id)
      if (held?.record.state === 'sealed' && !(await isDue(held))) return undefined
    }
    return undefined
  }

  /** Leaves a sign before looking whether the chord is sealed: whoever seals it looks for the sign afterwards. */
  async #failFast({ record: { id } }: Held, slot: number, claim: Claim | undefined): Promise<Held | undefined> {
    const { keys, names, lifetimeSeconds } = this.#tools
    await keys.create({ key: names.failed(id), value: '1', expiresInSeconds: lifetimeSeconds })
    const held = await this.#records.get(id)
    const isDue = ({ record }: Held): boolean => record.state === 'sealed' && slot < record.size
    if (held === undefined || !isDue(held)) return undefined
    return await this.#claimed(held, { why: 'failed', isDue: async (now) => isDue(now), claim })
  }
}

export interface MarkerLedgerTools {
  readonly keys: KeyStore
  readonly names: ChordKeys
  readonly clock: StoreClock
  /** A longer value has a key of its own. Bytes. */
  readonly inlineBytes: number
  /** How long markers live: longer than any record. */
  readonly lifetimeSeconds: number
  readonly fanOut: number
}

interface Filling {
  readonly slot: number
  readonly siblings: Siblings
}

interface Claiming {
  readonly why: Reason
  readonly isDue: (held: Held) => Promise<boolean>
  readonly claim: Claim | undefined
}

/** Whether a slot no longer counts. What a published body was decided with must stay until the body has ended. */
function isLate({ state, decision, size, awaited, hasEnded }: ChordRecord, slot: number): boolean {
  if (state !== 'published') return state === 'done'
  if (awaited === undefined || hasEnded === true || decision?.kind !== 'body') return true
  return slot >= size || decision.missing?.includes(slot) === true
}
