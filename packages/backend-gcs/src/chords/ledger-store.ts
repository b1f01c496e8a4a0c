import type { Backend, Presence } from '@arpeggio/core'
import type { FirestoreClient } from '../clients.ts'
import type { Counters } from '../counters.ts'
import type { Documents } from '../documents.ts'
import type { ServerClock } from '../server-clock.ts'

/** What of the backend the ledger works with. */
export interface LedgerStore extends Pick<Backend, 'get' | 'set'>, Presence {
  readonly client: () => Promise<FirestoreClient>
  readonly documents: Documents
  readonly counters: Counters
  readonly clock: ServerClock
  /** How long the documents of groups are kept; 0 leaves it to `Results`. */
  readonly ttlSeconds: number
}
