import { type Backend, Results } from '@arpeggio/core'
import { inParallel } from './in-parallel.ts'
import type { Case, Goal, Round } from './measure.ts'
import { ordinaryId, ordinaryResult } from './ordinary-meta.ts'

export interface Opened {
  readonly backend: Backend
  /** Puts away what was made for this round. */
  readonly remove?: () => Promise<unknown> | void
}

export interface ResultsCase {
  readonly name: string
  readonly operations: number
  readonly goal: Goal
  /** An empty store, or one with what is to be read. */
  readonly open: () => Promise<Opened> | Opened
  readonly run: (results: Results) => Promise<unknown>
}

/** What is measured of every store through everything that `Results` does. */
export function throughResults({ name, operations, goal, open, run }: ResultsCase): Case {
  return {
    name,
    operations,
    goal,
    prepare: async (): Promise<Round> => {
      const { backend, remove } = await open()
      const results = new Results({ backend })
      await results.markAsDone('warm-up', null)
      return {
        run: async () => {
          await run(results)
        },
        close: async () => {
          await results.close()
          await remove?.()
        },
      }
    },
  }
}

export interface Storing extends Omit<ResultsCase, 'name' | 'run'> {
  readonly concurrency: number
}

/** Stores ordinary results in an empty store. */
export function storing({ operations, concurrency, ...rest }: Storing): Case {
  const run = (results: Results): Promise<void> =>
    inParallel(operations, concurrency, async (index) => {
      await results.markAsDone(ordinaryId(index), ordinaryResult(index))
    })
  return throughResults({ ...rest, name: 'results.markAsDone', operations, run })
}

export interface GettingMany extends Omit<ResultsCase, 'name' | 'run'> {
  readonly ids: readonly string[]
}

/** Reads the same results again and again, one call at a time. */
export function gettingMany({ ids, operations, ...rest }: GettingMany): Case {
  const run = (results: Results): Promise<void> =>
    inParallel(operations, 1, async () => {
      await results.getMany(ids)
    })
  return throughResults({ ...rest, name: `results.getMany(${ids.length})`, operations, run })
}
