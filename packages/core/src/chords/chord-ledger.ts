import type { GuardedWrite, GuardOutcome } from '../backend/backend.ts'
import type { Key, Write } from '../backend/value.ts'
import type { SignatureData } from '../wire/signature-data.ts'
import type { ChordRecord, Held, Lease, Reason } from './chord-record.ts'
import type { Fold } from './fold.ts'
import type { SlotEntry } from './slot-entry.ts'

/** The bookkeeping of chords that a store does by itself; core's own, over any store, is `MarkerLedger`. */
export interface ChordLedgerFactory {
  /** Called once for each `Results`. Must not talk to the store yet. Nothing where core's own is as good. */
  open(context: LedgerContext): ChordLedger | undefined
}

/**
 * Where the records of chords and their parts are kept. What becomes of a chord is decided by core: each step of its life
 * is a conditional write of its record, and a ledger does with it what has to happen in the same moment.
 *
 * Core calls a method again with the same arguments when it failed and may be retried, also when only its answer was lost;
 * a write of a record must then be known by its `nonce`, a part by its task, and a claim by its `nonce`.
 */
export interface ChordLedger {
  /** Must see every acknowledged write. */
  get(id: string): Promise<Held | undefined>

  /** Writes the first record of a chord. Must resolve to nothing when there is one, unless it is this one. */
  create(record: ChordRecord): Promise<Held | undefined>

  /**
   * Writes over exactly what was read, for `expiresInSeconds`. Must resolve to nothing when somebody else was faster; a part
   * that was only recorded need not count as somebody else, one that made the chord complete must.
   */
  replace(held: Held, record: ChordRecord, expiresInSeconds: number): Promise<Held | undefined>

  /**
   * Fills a slot, unless it is filled. The part that makes a sealed chord complete takes the claim in the same moment, so
   * that nobody else fires it; without a claim it leaves that to the next look.
   */
  record(part: Part, claim: Claim | undefined): Promise<Recorded>

  /**
   * Stores the part's own result as the `guard` ability does and, where that was written, records the part, in one step.
   * Absent when the result has to be stored before.
   */
  readonly recordWithResult?: (part: Part, write: GuardedWrite, claim: Claim | undefined) => Promise<StoredPart>

  /** Looks at all slots of a sealed chord, and makes up for what a crash has left undone. */
  look(held: Held): Promise<Look>

  /**
   * What is in the slots, page by page in slot order; `undefined` for an empty one. Never holds more than a page, and retries
   * its reads itself. An entry without its value is marked as large; `values: false` allows it for all.
   */
  entries(place: Place, options?: EntriesOptions): AsyncIterable<readonly (SlotEntry | undefined)[]>

  /** How many slots of a complete chord have failed, and the lowest, without reading them all. Nothing when one is missing. */
  fold(record: ChordRecord): Promise<Fold | undefined>

  /** Removes everything there is of the slots of a chord that is over. */
  remove(record: ChordRecord, hasLargeValues: boolean): Promise<void>

  /** Takes back the claim of a chord that turned out not to be complete. Absent where no count can be wrong. */
  readonly reopen?: (held: Held) => Promise<void>

  /** Gives a captured chord back to its peers, unless it is complete. Resolves to whether it was. Absent without peers. */
  readonly release?: (held: Held) => Promise<boolean>

  /** Puts a chord on the list of those that are open, before its record is written. */
  enter(id: string): Promise<void>

  /** A reader of its own position in that list. */
  reader(): LedgerReader

  /** What this process owes others when it ends. Absent when that is nothing. */
  readonly close?: () => Promise<void>

  /**
   * Whether peers that share a chord go by what Celery itself keeps of it: its tasks in the document of a group, and their
   * number in the body that its parts carry. Absent where they go by what the ledger keeps.
   */
  readonly namesParts?: boolean
}

/** Core's own ledger, over the keys of the store, for one that adds to it. Tries everything once, as a ledger does. */
export interface OwnLedger extends ChordLedger {
  /** What stands for a part once it is created where there is nothing. Stores a large value, which has to be there before. */
  marker(part: Part): Promise<Write>
}

/** Each poll resolves to the chords that were entered since the one before, perhaps to some again. */
export interface LedgerReader {
  poll(): Promise<readonly string[]>
}

/** What a ledger is told of the process that it is in. */
export interface LedgerContext {
  readonly settings: LedgerSettings
  /** Milliseconds since 1970, by the clock that leases and deadlines go by. */
  readonly now: () => number
  /** Does something again as the retry policy of the `Results` says, for what a ledger does beside its answers. */
  readonly retry: <Answer>(operation: () => Promise<Answer>) => Promise<Answer>
  readonly own: OwnLedger
  /** Where the results of tasks are. */
  readonly taskKey: (id: string) => Key
  /** What is stored of tasks that have ended, as in slots; `undefined` for any other. */
  readonly endings: (ids: readonly string[]) => Promise<readonly (SlotEntry | undefined)[]>
  /** The task of each slot of a chord that was begun here, as far as it is known. */
  readonly taskIds: (record: ChordRecord) => Promise<readonly (string | undefined)[]>
  readonly warn: (message: string) => void
}

export interface LedgerSettings {
  /** In front of every key, with its separator. */
  readonly keyPrefix: string
  readonly peers: Peers
  readonly firing: Firing
  /** How long what Celery keeps of a chord lives. */
  readonly expiresInSeconds: number
  /** The longest that anything of a chord is needed. */
  readonly lifetimeSeconds: number
  readonly tombstoneSeconds: number
  /** How often this process looks after chords; `false` for never, as without a publisher. */
  readonly sweepSeconds: number | false
  /** How long a complete chord that a peer may be about to fire is left alone. */
  readonly graceSeconds: number
}

/** Who else finishes parts of the same chords: Celery's workers, or nobody. */
export type Peers = 'celery' | 'none'

/** Who fires a chord that has peers: whoever records its last part, or this library alone. */
export type Firing = 'shared' | 'captured'

/** A part that has ended. */
export interface Part {
  readonly chord: string
  readonly slot: number
  readonly entry: SlotEntry
  /** The chord's body as the part's own message names it: all of it where a peer began the chord, else its id. */
  readonly body?: SignatureData
}

/** Where slots are. `why`, where it is known, may spare a look at whether all of them are filled. */
export type Place = Pick<ChordRecord, 'id' | 'size'> & Partial<Pick<ChordRecord, 'why'>>

/** What whoever completes a chord takes it with. */
export interface Claim {
  readonly lease: Lease
  readonly nonce: string
  /** The time by the clock of leases. */
  readonly at: number
}

/**
 * What became of a part. `duplicate`: its slot was filled by the same task before. `conflict`: by another task.
 * `late`: the chord was over. `unknown`: there is no such chord.
 */
export type PartOutcome = 'recorded' | 'duplicate' | 'conflict' | 'late' | 'unknown'

export interface Recorded {
  readonly outcome: PartOutcome
  /** The chord, when this made it complete and the claim was taken. */
  readonly claimed?: Held
}

/** The part was recorded if, and only if, its result was written. */
export type StoredPart =
  | { readonly result: Exclude<GuardOutcome, { outcome: 'written' }> }
  | { readonly result: Extract<GuardOutcome, { outcome: 'written' }>; readonly recorded: Recorded }

/** What a look at all of a chord's slots found. */
export interface Look {
  /** Why the chord may be claimed now; absent when it may not. */
  readonly due?: Reason
  readonly missing: readonly number[]
}

export interface EntriesOptions {
  readonly from?: number
  readonly to?: number
  /** Default: true. */
  readonly values?: boolean
}
