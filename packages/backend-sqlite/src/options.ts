export interface SqliteBackendOptions {
  /** The database file. Created when it is not there; its directory must exist. Two more files stand beside it while it is open. */
  readonly path: string
  /**
   * What an acknowledged write survives. `normal`: the death of every process, at any moment; a power loss may take the last
   * writes before it, but never damages the file. `full`: power loss too, for one `fsync` for each batch of writes. Default: `normal`.
   */
  readonly durability?: 'normal' | 'full'
  /** How long an operation tries again while other processes hold the file's lock, before it is `unavailable`. Default: 5000. */
  readonly busyTimeoutMs?: number
  /** Milliseconds since the epoch, for tests that move time. Every process on one file must have the same. Default: `Date.now`. */
  readonly clock?: () => number
}
