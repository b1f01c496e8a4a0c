/** A finished key: prefix, id and suffix already joined. A backend must treat it as opaque and map it injectively. */
export type Key = string

/** What is stored under a key. A backend may return either form, whatever was written; core converts. */
export type Value = string | Uint8Array

/**
 * Names one state of one key. Opaque outside the backend that made it.
 *
 * Two versions of a key must differ when their values differ, also across a delete; they may be equal for equal values
 * (a digest), because records that core fences on carry a nonce.
 */
export type Version = string

/** What is under a key now. */
export interface Stored {
  readonly value: Value
  readonly version: Version
  /** When the value stops being visible. Absent when it never does, or when the store does not tell. */
  readonly expiresAt?: Date
}

/** One write. Core guarantees a well-formed key within `limits.maxKeyBytes` and a value within `limits.maxValueBytes`. */
export interface Write {
  readonly key: Key
  readonly value: Value
  /** Seconds from now, above zero. Absent: the value never expires, whatever expiry the old one had. */
  readonly expiresInSeconds?: number
  /** Writes only over this version, or only where there is none. An expired value counts as none, even if it is still on disk. */
  readonly if?: Version | 'absent'
}

/** Whether the write happened. `false` only when its condition did not hold; every other reason is a rejection. */
export type SetOutcome =
  | { readonly written: true; readonly version: Version }
  /** What was in the way, where the store had to read it to know: core then does not read it again. */
  | { readonly written: false; readonly stored?: Stored }

/** What every operation of a backend accepts. */
export interface CallOptions {
  /** Ends the call with a `BackendError` of code `aborted` as soon as the backend can; a write may still have been applied. */
  readonly signal?: AbortSignal
}
