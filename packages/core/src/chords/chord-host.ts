import type { ChordPolicy } from '../canvas/chord-options.ts'
import type { Frozen } from '../canvas/frozen.ts'
import type { Key } from '../backend/value.ts'
import type { KeyStore } from '../store/key-store.ts'
import type { Scheduler } from '../store/scheduler.ts'
import type { ResultNode } from '../wire/result-tuple.ts'
import type { SignatureData } from '../wire/signature-data.ts'
import type { TaskMessage } from '../wire/task-request.ts'
import type { Firing, Peers } from './chord-ledger.ts'
import type { SlotEntry } from './slot-entry.ts'

/** What chords need of whoever holds them. */
export interface ChordHost {
  readonly keys: KeyStore
  readonly scheduler: Scheduler
  /** Absent where nothing can be published: such a process fills slots and leaves the rest to others. */
  readonly publisher: { readonly durable: boolean } | undefined
  readonly settings: ChordSettings
  taskKey(id: string): Key
  /** What is stored for tasks that have ended, encoded as in a slot; `undefined` for any other. */
  endings(ids: readonly string[]): Promise<readonly (SlotEntry | undefined)[]>
  publish(messages: readonly TaskMessage[]): Promise<void>
  start(frozen: readonly Frozen[]): Promise<void>
  /** Keeps the structure of a header as Celery does, for so long. */
  saveGroup(node: ResultNode, expiresInSeconds: number): Promise<void>
  /** The error callbacks of a body, under ids of their own. */
  errbacks(chord: string, body: SignatureData): Frozen | undefined
  /** Publishes error callbacks, and stores the error as the result of everything in a body. */
  failBody(body: SignatureData, failure: BodyFailure): Promise<void>
  warn(message: string): void
}

export interface BodyFailure {
  readonly error: Error
  /** What the tasks of a body that is a group fail with: the reason itself, as in Celery. */
  readonly cause?: Error
  readonly errbacks: Frozen | undefined
}

export interface ChordSettings {
  readonly globalKeyprefix: string | undefined
  readonly defaultDeadlineSeconds: number
  readonly maxDeadlineSeconds: number
  readonly tombstoneSeconds: number
  readonly leaseSeconds: number
  readonly inlineBytes: number
  readonly fanOut: number
  readonly sweepSeconds: number | false
  readonly peers: Peers
  readonly firing: Firing
  readonly graceSeconds: number
  /** How long results are kept, or would be if they did not stay for ever. */
  readonly expirySeconds: number
}

/** What a body by reference is called with. Plain data, because it travels in a message. */
export interface ChordReference {
  readonly 'arpeggio-chord': string
  readonly size: number
  readonly policy: ChordPolicy
  /** Slots without a value, as they were when the outcome was decided. */
  readonly missing?: readonly number[]
}
