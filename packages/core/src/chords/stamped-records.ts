import type { ChordLedger, Claim } from './chord-ledger.ts'
import type { ChordRecord, Held, Lease, Reason } from './chord-record.ts'
import type { StoreClock } from './store-clock.ts'

/** What a writer decides; the rest is filled in with every write. */
export type RecordContent = Omit<ChordRecord, 'rev' | 'nonce' | 'writtenAt'>

/** The records of chords as this process writes them: each write under a name of its own. */
export class StampedRecords {
  readonly #ledger: ChordLedger
  readonly #clock: StoreClock
  readonly #owner: string
  #writes = 0

  constructor(ledger: ChordLedger, clock: StoreClock, owner: string) {
    this.#ledger = ledger
    this.#clock = clock
    this.#owner = owner
  }

  get(id: string): Promise<Held | undefined> {
    return this.#ledger.get(id)
  }

  /** Resolves to nothing when there is one already. */
  create(content: RecordContent): Promise<Held | undefined> {
    return this.#ledger.create(this.#stamped(content, 0))
  }

  /** Writes over exactly what was read. Resolves to nothing when somebody else was faster. */
  replace(
    held: Held,
    change: Partial<RecordContent>,
    expiresInSeconds: number = held.record.lifetimeSeconds,
  ): Promise<Held | undefined> {
    const record = this.#stamped({ ...held.record, ...change }, held.record.rev + 1)
    return this.#ledger.replace(held, record, expiresInSeconds)
  }

  /** What a part takes the chord with if it completes it. */
  claim(lease: Lease): Claim {
    return { lease, nonce: this.#nonce(), at: this.#clock.now() }
  }

  #stamped(content: RecordContent, rev: number): ChordRecord {
    return { ...content, rev, nonce: this.#nonce(), writtenAt: this.#clock.now() }
  }

  #nonce(): string {
    this.#writes += 1
    return `${this.#owner}.${this.#writes}`
  }
}

/** The record of a chord once it is claimed. */
export function claimedBy(record: ChordRecord, { lease, nonce, at }: Claim, why: Reason): ChordRecord {
  const { rev, attempt } = record
  return { ...record, state: 'dispatching', why, attempt: attempt + 1, lease, rev: rev + 1, nonce, writtenAt: at }
}
