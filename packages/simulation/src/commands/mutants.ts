import type { Mutant } from '../mutants/mutant.ts'
import { mutants } from '../mutants/mutants.ts'
import { simulateAll } from '../pool.ts'
import { runSeed, type Outcome } from '../workload.ts'
import { workloadOf } from '../workloads.ts'

export interface MutantOptions {
  /** So many seeds are tried on each. */
  readonly chords: number
  readonly seed: number
  readonly workers: number
  readonly workload: string
  /** The names of some. Default: all. */
  readonly only?: readonly string[] | undefined
}

/** Looks for every planted bug with random schedules. Resolves to the exit code: 1 when one is not found. */
export async function findMutants(options: MutantOptions): Promise<number> {
  const { only = [], workers } = options
  const queue = mutants.filter(({ name }) => only.length === 0 || only.includes(name))
  const total = queue.length
  let missed = 0
  const work = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const answer = await find(mutant, options)
      if (!answer.includes(' breaks ')) missed += 1
      console.log(`${answer}  ${mutant.name}: ${mutant.bug}`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  console.log(`${total} planted bugs, ${total - missed} found`)
  return missed === 0 ? 0 : 1
}

async function find(mutant: Mutant, options: MutantOptions): Promise<string> {
  const { workload = options.workload } = mutant
  const last = options.seed + options.chords
  try {
    for (let seed = options.seed; seed < last; seed += 1) {
      const outcome = await firstFound(mutant, { ...options, workload, seed, chords: last - seed })
      if (outcome === undefined) return 'NOT FOUND'
      seed = outcome.seed
      // What is broken without the bug, too, tells nothing about it.
      const { violations } = await runSeed(workloadOf(workload), seed)
      if (violations.length === 0) return `${workload} seed ${seed} breaks "${outcome.violations[0]?.rule ?? ''}"`
    }
  } catch (error) {
    return `CANNOT BE PLANTED (${String(error)})`
  }
  return 'NOT FOUND'
}

async function firstFound({ name }: Mutant, { workload, seed, chords }: MutantOptions): Promise<Outcome | undefined> {
  let first: Outcome | undefined
  const onDone = ({ found }: { readonly found: readonly Outcome[] }): void => {
    first ??= found[0]
  }
  await simulateAll({ workload, mutant: name, seed, chords, workers: 1, maxFound: 1, onDone })
  return first
}
