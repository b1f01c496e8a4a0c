import type { ChordOptions, ChordPolicy } from '../canvas/chord-options.ts'
import type { ChordShape } from '../canvas/frozen.ts'
import type { ExceptionData } from '../wire/exceptions.ts'

/**
 * Where a chord is in its life: parts may still be announced (`open`), their number is fixed (`sealed`), somebody works
 * on the outcome (`dispatching`), the body or its error has been published (`published`), all is over (`done`).
 */
export type ChordState = 'open' | 'sealed' | 'dispatching' | 'published' | 'done'

/** Why the outcome of a chord was decided. `peer`: not here, a worker of Celery has fired it. */
export type Reason = 'complete' | 'failed' | 'deadline' | 'never-sealed' | 'cancelled' | 'peer'

/** Who may go on with a chord, and for how long nobody else tries. Versions decide who wins, not the clock. */
export interface Lease {
  readonly owner: string
  readonly until: number
}

/** The outcome of a chord. It never changes once it is stored. */
export type Decision =
  | {
      readonly kind: 'body'
      /** Slots without a value, as they were when this was decided. */
      readonly missing?: readonly number[]
      /** Whether some values have keys of their own. */
      readonly large?: boolean
    }
  | {
      readonly kind: 'error'
      readonly error: ExceptionData
      /** The failure of a part that is the reason for the error. */
      readonly cause?: { readonly taskId: string; readonly error: ExceptionData }
      readonly large?: boolean
    }

/** What is stored about a chord as a whole. Times are milliseconds since 1970. */
export interface ChordRecord {
  readonly id: string
  readonly state: ChordState
  /** Grows with every write, so that no version of a store returns. */
  readonly rev: number
  /** Names the write, so that whoever lost its answer knows it again. */
  readonly nonce: string
  /** The writer's time. */
  readonly writtenAt: number
  readonly createdAt: number
  readonly deadline: number
  readonly lifetimeSeconds: number
  /** Given once, when the chord is sealed. */
  readonly sealedSize?: number
  /** A digest of the header's ids, given when the chord is sealed. */
  readonly header?: string
  /** How many slots there are now. */
  readonly size: number
  /** Every size there was, the present one included. */
  readonly sizes: readonly number[]
  /** What was added after the start, by the id of the adding. */
  readonly adds: Readonly<Record<string, Added>>
  /** How many entries one node of the tree over the slots stands for. */
  readonly fanOut: number
  /** The body's signature, encoded: it is needed once, the record at every part. */
  readonly body: string
  readonly bodyIds: readonly string[]
  readonly shape?: ChordShape | null
  readonly policy: ChordPolicy
  readonly results: NonNullable<ChordOptions['results']>
  readonly why?: Reason
  /** Given by whoever cancelled the chord. */
  readonly reason?: string
  readonly attempt: number
  /** The tasks whose end a published chord waits for: those of its body, or its error callbacks. */
  readonly awaited?: readonly string[]
  /** Whether they have ended, so that everything may go. */
  readonly hasEnded?: boolean
  readonly lease?: Lease | null
  readonly decision?: Decision | null
  /** What went wrong when the outcome was last published. */
  readonly trouble?: string | null
}

export interface Added {
  readonly first: number
  readonly count: number
}

/** A record as it was read. */
export interface Held {
  readonly record: ChordRecord
  readonly version: string
  /** Whether whoever holds it has just made it, so that nothing of the chord can have happened. */
  readonly isNew?: boolean
}
