import type { Backend } from '../../backend/backend.ts'
import type { CallOptions, Key, Stored, Value } from '../../backend/value.ts'
import type { TaskMeta } from '../../wire/task-meta.ts'

/** What one read saw under one key. */
export interface Snapshot {
  /** Absent when there is no document, or none that can be read. */
  readonly meta?: TaskMeta
  /** What was found there. */
  readonly stored?: Stored
  /** This document alone cannot be read; the others of the same read can. */
  readonly error?: unknown
}

/** What is read. */
export interface Readable {
  readonly id: string
  readonly key: Key
}

/** What waiting needs of its owner. */
export interface WaitingSource {
  readonly backend: Backend
  keyOf(id: string): Key
  /** The task that a key belongs to, or `undefined` for any other key. */
  idOf(key: Key): string | undefined
  /**
   * Reads past every cache, in the order of `wanted`, retried within the policy; rejects when the budget is over.
   * Is never asked for more than `limits.maxBatchKeys` at once.
   */
  read(wanted: readonly Readable[], options?: CallOptions): Promise<readonly Snapshot[]>
  /** The document in a notification, when it is a complete one of that task; otherwise `undefined`: then it is read. Never throws. */
  decode(id: string, value: Value): TaskMeta | undefined
}
