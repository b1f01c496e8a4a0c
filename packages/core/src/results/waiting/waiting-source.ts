import type { Backend } from '../../backend/backend.ts'
import type { CallOptions, Key, Value, Version } from '../../backend/value.ts'
import type { TaskMeta } from '../../wire/task-meta.ts'

/** What one read saw under one id. */
export interface Snapshot {
  readonly id: string
  /** Absent when there is no document. */
  readonly meta?: TaskMeta
  readonly expiresAt?: Date
  /** Where known, spares the comparison of documents that have not changed. */
  readonly version?: Version
  /** This document alone cannot be read; the others of the same read can. */
  readonly error?: unknown
}

/** What waiting needs of its owner. */
export interface WaitingSource {
  readonly backend: Backend
  keyOf(id: string): Key
  /** The task that a key belongs to, or `undefined` for any other key. */
  idOf(key: Key): string | undefined
  /**
   * Reads past every cache, in the order of `ids`, retried within the policy; rejects when the budget is over.
   * Is never asked for more than `limits.maxBatchKeys` ids.
   */
  read(ids: readonly string[], options?: CallOptions): Promise<readonly Snapshot[]>
  /** The document in a notification, when it is a complete one of that task; otherwise `undefined`: then it is read. Never throws. */
  decode(id: string, value: Value): TaskMeta | undefined
}
