import type { ResultsOptions } from '@arpeggio/core'
import type { Redis } from 'ioredis'
import type { NodeSide } from './node-side.ts'
import type { PythonApp } from './python-peer.ts'
import type { Need, RunningStore } from './store-row.ts'

/** Who is shown to understand whom. */
export type Direction = 'Python to TypeScript' | 'TypeScript to Python' | 'both ways'

/** What all peers of a fleet must agree on. */
export interface FleetSettings {
  readonly serializer?: 'json' | 'msgpack' | 'yaml' | 'pickle'
  readonly globalKeyprefix?: string
  readonly resultExtended?: boolean
  readonly expiresInSeconds?: number | null
  /** Whether Redis keeps the parts of chords by their slots. */
  readonly chordOrdered?: boolean
  /** Of Celery alone: we read what is compressed, and compress nothing. */
  readonly compression?: string
}

/** Both sides on one store. */
export interface Fleet {
  /** An id of a task that nobody else uses. */
  readonly id: string
  readonly python: PythonApp
  readonly node: NodeSide
  readonly store: RunningStore
  readonly settings: FleetSettings
  /** The version of Celery. */
  readonly celery: string
  /** The Redis that holds the queues. */
  readonly broker: Redis
  /** Where the workers of either side look for tasks. */
  readonly queues: { readonly python: string; readonly node: string }
  /** A worker of Celery's at a queue, until it has died at that step of returning a part: see python/dying_worker.py. */
  readonly dyingWorker: (queue: string, step: string) => Promise<void>
}

export interface InteropCase {
  readonly name: string
  readonly direction: Direction
  readonly settings: FleetSettings
  readonly needs: readonly Need[]
  /** Whether tasks are run by a worker of Celery's. */
  readonly worker: boolean
  /** Whether tasks are run by a worker of ours, too. */
  readonly nodeWorker: boolean
  /** What is asked of our side alone. */
  readonly results: Pick<ResultsOptions, 'chordGraceSeconds' | 'exceptions' | 'firing' | 'sweepSeconds'>
  /** The versions of Celery that can do it; all if absent. */
  readonly celery?: (version: string) => boolean
  readonly run: (fleet: Fleet) => Promise<void>
}

type Options = Partial<Omit<InteropCase, 'name' | 'direction' | 'run'>>

/** Our side alone fires chords. Only whoever sweeps watches those whose parts it does not count. */
export const captured: InteropCase['results'] = { firing: 'captured', sweepSeconds: 3_600 }

/** Collects the cases of a file. */
export class Cases {
  readonly #direction: Direction
  readonly #cases: InteropCase[] = []

  constructor(direction: Direction) {
    this.#direction = direction
  }

  add(name: string, run: InteropCase['run'], options: Options = {}): this {
    this.#cases.push({
      settings: {},
      results: {},
      needs: [],
      worker: false,
      nodeWorker: false,
      ...options,
      name,
      direction: this.#direction,
      run,
    })
    return this
  }

  list(): readonly InteropCase[] {
    return this.#cases
  }
}
