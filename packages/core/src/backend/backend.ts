// oxlint-disable-next-line no-restricted-imports -- a type alone: the contract of that ability belongs to the chords
import type { ChordLedgerFactory } from '../chords/chord-ledger.ts'
import type { CallOptions, Key, SetOutcome, Stored, Value, Version, Write } from './value.ts'

/**
 * What a store implements: small, and without logic of its own.
 *
 * Every operation must be safe to call concurrently. A `get`, `mget` or presence check that begins after *any* process's
 * `set` has resolved must see that write or something later, per key; no snapshot across keys is needed.
 * Every failure must be a rejection with a `BackendError`, or with the client's own error when no code fits.
 * After disposal every operation must reject with code `disposed`.
 */
export interface Backend extends AsyncDisposable {
  /** The version of this contract that the backend was written against. */
  readonly specVersion: 1

  /** The store's name in messages and traces, such as `redis`. */
  readonly name: string

  readonly limits: BackendLimits

  /** Reads the value under `key`. Must resolve to `undefined`, never reject, when there is none or it has expired. */
  get(key: Key, options?: CallOptions): Promise<Stored | undefined>

  /**
   * Reads many keys. Must answer in the order of `keys`, one entry each, also for keys named twice; an empty list is fine.
   * Core never passes more than `limits.maxBatchKeys`.
   */
  mget(keys: readonly Key[], options?: CallOptions): Promise<readonly (Stored | undefined)[]>

  /**
   * Writes a value. Must be atomic per key: the condition is judged and the value written in one step.
   * Must resolve to `{ written: false }`, never reject, when the condition does not hold; the old value is then untouched.
   * An expiry of the old value must not survive the write.
   */
  set(write: Write, options?: CallOptions): Promise<SetOutcome>

  /** Removes keys. Unknown keys must not be an error. Core never passes more than `limits.maxBatchKeys`. */
  delete(keys: readonly Key[], options?: CallOptions): Promise<void>

  /** Whether the client's own `error`, one without a `BackendError` code, may be retried as Celery's predicate of this name says. */
  exceptionSafeToRetry(error: unknown): boolean

  /** The store's address for people. Must mask the password unless `includePassword` is true. */
  asUri(options?: { readonly includePassword?: boolean }): string

  /** Absent when presence costs as much as reading; core then uses `mget`. */
  readonly presence?: Presence
  /** Absent when many writes cost as much together as alone; core then calls `set` for each. */
  readonly bulk?: Bulk
  /** Absent when the store cannot compare the state it holds; core then reads, decides, and writes with `if`. */
  readonly guard?: StateGuard
  /** Absent when the store cannot push changes; waiting then polls, all keys of a process in one bulk read. */
  readonly notifications?: Notifications
  /** Absent when the store cannot cheaply say that nothing changed; the poller then reads its keys in every round. */
  readonly revision?: Revision
  /** Absent when the store cannot count parts by itself; core then does it with keys that are created if absent. */
  readonly chords?: ChordLedgerFactory
  /** Absent when keys cannot be listed; tools then cannot list results. Never used for correctness. */
  readonly scan?: Scan
  /** Absent when the store expires values by itself; `Results.cleanup` then does nothing. */
  readonly cleanup?: Cleanup
  /** Absent when the store has no time of its own; core then goes by the process's clock. */
  readonly clock?: Clock
  /** Absent when there is nothing to provision. */
  readonly check?: Check
}

/** Quantities, never switches. Core validates and batches by them; the kit uses them as tolerances. */
export interface BackendLimits {
  /** A longer value is `too-large` before it is sent. Bytes, UTF-8. */
  readonly maxValueBytes: number
  /** A longer key is `too-large` before it is sent. Bytes, UTF-8; at least 512. */
  readonly maxKeyBytes: number
  /** How many keys one `mget`, `delete`, presence or bulk call takes at most. */
  readonly maxBatchKeys: number
  /** A value must be gone this long after its expiry at the latest, as readers see it. */
  readonly expiryPrecisionSeconds: number
  /** How often one key can be written; core coalesces progress writes above it. `Infinity` where it does not matter. */
  readonly writesPerSecondPerKey: number
  /** The shortest useful pause between two polls, in milliseconds. */
  readonly pollFloorMs: number
}

/** Which keys exist, without their values. */
export interface Presence {
  /** Must answer in the order of `keys`; an expired value must not count. */
  exists(keys: readonly Key[], options?: CallOptions): Promise<readonly boolean[]>
}

/** Many writes in one trip. */
export interface Bulk {
  /**
   * Must answer in the order of `writes`, each with its own outcome or error; one failing write must not fail the others.
   * Core never passes the same key twice, nor more than `limits.maxBatchKeys` writes.
   */
  set(writes: readonly Write[], options?: CallOptions): Promise<readonly BulkOutcome[]>
}

export type BulkOutcome = SetOutcome | { readonly error: unknown }

/** "Write unless the stored document's state is one of these", atomic and in one round trip. */
export interface StateGuard {
  /**
   * Must compare the state without decoding the whole document (core's `stateOf` reads the head that Celery writes first),
   * and must answer `undecided`, writing nothing, when the head does not tell.
   */
  set(write: GuardedWrite, options?: CallOptions): Promise<GuardOutcome>
}

export interface GuardedWrite {
  readonly key: Key
  readonly value: Value
  readonly expiresInSeconds?: number
  /** States of the stored document that the write must not replace. */
  readonly keep: readonly string[]
}

export type GuardOutcome =
  | { readonly outcome: 'written'; readonly version: Version }
  | { readonly outcome: 'kept'; readonly stored: Stored }
  | { readonly outcome: 'undecided'; readonly stored: Stored }

/** Changes pushed by the store. */
export interface Notifications {
  /** Opens one stream of events for this process. Core opens it at the first wait and closes it with the `Results`. */
  open(listener: (event: ChangeEvent) => void, options?: CallOptions): Promise<ChangeStream>
}

export interface ChangeStream extends AsyncDisposable {
  /**
   * Must resolve only when the store has acknowledged: every change made after that must lead to an event.
   * Core never subscribes to a key twice.
   */
  subscribe(keys: readonly Key[]): Promise<void>
  /** Events of these keys may still arrive shortly after. Unknown keys are fine. */
  unsubscribe(keys: readonly Key[]): Promise<void>
}

export type ChangeEvent =
  /** A key was written, with the new value where the store sends it, or deleted. May be delivered more than once. */
  | { readonly type: 'change'; readonly key: Key; readonly value?: Value }
  /** Some changes may have been lost. Must be sent after the subscriptions are whole again; core then reads every key. */
  | { readonly type: 'gap' }

/** Tells cheaply that nothing changed. */
export interface Revision {
  /** Must differ from an earlier answer when any process has written since; may differ although none has. */
  get(options?: CallOptions): Promise<string>
}

/** Keys by prefix, for people. */
export interface Scan {
  /** Must list every key that exists during the whole scan at least once; expired keys must not appear. */
  keys(prefix: string, options?: CallOptions & { readonly limit?: number; readonly cursor?: string }): Promise<ScanPage>
}

export interface ScanPage {
  readonly keys: readonly Key[]
  /** Absent on the last page. */
  readonly cursor?: string
}

/** Removes what has expired, for stores that do not do it by themselves. */
export interface Cleanup {
  /** Removes at most `limit` expired values. Must not touch any other. Resolves to how many it removed. */
  run(options: CallOptions & { readonly limit: number }): Promise<number>
}

/** The store's own time. */
export interface Clock {
  now(options?: CallOptions): Promise<Date>
}

/** What is not set up, and how to mend it. */
export interface Check {
  run(options?: CallOptions): Promise<readonly Finding[]>
}

export interface Finding {
  readonly problem: string
  /** The exact command or setting that mends it. */
  readonly remedy: string
}
