import type { Backend } from '@arpeggio/core'
import type { FleetSettings, InteropCase } from './interop-case.ts'
import type { CelerySettings } from './python-peer.ts'

/** What a store may be unable to do in a mixed fleet. */
export type Need =
  | 'adding'
  | 'binary'
  | 'capturing'
  | 'counting'
  | 'empty objects'
  | 'expiry'
  | 'push'
  | 'repeats'
  | 'yaml'

/** One store that Celery and we share. Another store is another of these. */
export interface StoreRow {
  readonly name: string
  /** What does not work there, and why: the reason of the cases that are skipped. */
  readonly lacks: Readonly<Partial<Record<Need, string>>>
  /** What chords with parts in both languages do there. */
  readonly chords: readonly InteropCase[]
  /** Rejects with `ServiceMissing` where the store cannot be had. */
  start(): Promise<RunningStore>
}

export interface RunningStore extends AsyncDisposable {
  /** What an application of Celery's needs to find it. */
  readonly celery: CelerySettings
  /** What the process of Celery's needs to find it. */
  readonly environment: Readonly<Record<string, string>>
  open(settings: FleetSettings): Backend
  /** Everything in the store whose key ends so, as Celery left it. */
  dump(end: string): Promise<ReadonlyMap<string, Buffer>>
  /** Puts back what `dump` gave. */
  restore(key: string, value: Buffer): Promise<void>
  /** The seconds that a key has left; `null` for no end. Absent where `lacks` says so. */
  lifetime?(key: string): Promise<number | null>
}
