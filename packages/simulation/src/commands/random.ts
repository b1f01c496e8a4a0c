import { simulateAll } from '../pool.ts'
import { Progress } from '../progress.ts'
import { shrink } from '../shrink.ts'
import { traceOf, type Outcome } from '../workload.ts'
import { workloadOf } from '../workloads.ts'

export interface RandomOptions {
  readonly chords: number
  readonly seed: number
  readonly workers: number
  readonly workload: string
  readonly shrink: boolean
}

/** So many violations are shrunk and shown. */
const shown = 3

/** Random schedules, one for each seed. Resolves to the exit code. */
export async function random({ chords, seed, workers, workload, ...options }: RandomOptions): Promise<number> {
  const found: Outcome[] = []
  let done = 0
  const progress = new Progress(chords, 'chords')
  await simulateAll({
    workload,
    seed,
    chords,
    workers,
    maxFound: 5,
    onDone: (portion) => {
      done += portion.count
      found.push(...portion.found)
      progress.add(portion.count)
    },
  })
  progress.end()
  for (const outcome of found.slice(0, shown)) await report(outcome, workload, options.shrink)
  console.log(`${done} chords, ${found.length} violations`)
  return found.length === 0 ? 0 : 1
}

async function report(found: Outcome, name: string, isShrunk: boolean): Promise<void> {
  const workload = workloadOf(name)
  const outcome = isShrunk ? await shrink(workload, found) : found
  for (const line of await traceOf(workload, outcome.seed, outcome.taken)) console.log(line)
  for (const { rule, detail } of outcome.violations) console.log(`broken: ${rule}: ${detail}`)
  console.log(`again: pnpm simulate --workload ${name} --seed ${found.seed} --chords 1`)
}
