import type { MemoryStore } from './memory-store.ts'

export interface MemoryBackendOptions {
  /**
   * What the backend reads and writes. Backends that are given the same store see each other's values and changes, as two
   * processes on one server do. Default: a store of its own.
   */
  readonly store?: MemoryStore
  /** Milliseconds since the epoch, for tests that move time. Default: `Date.now`. A given `store` keeps its own clock. */
  readonly clock?: () => number
}
