import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { simulateAll } from './pool.ts'
import { Progress } from './progress.ts'
import { shrink } from './shrink.ts'
import { traceOf, type Outcome } from './workload.ts'
import { workloadOf } from './workloads.ts'

interface Options {
  readonly chords: number
  readonly seed: number
  readonly workers: number
  readonly workload: string
  readonly shrink: boolean
}

const command = new Command('simulate')
  .description('Runs the real chord code in random schedules with random faults, and looks for a broken promise')
  .option('--chords <n>', 'how many simulations', count, 20_000)
  .option('--seed <n>', 'the seed of the first; the others follow', count, 1)
  .option('--workers <n>', 'how many threads', count, availableParallelism())
  .option('--workload <name>', 'what to simulate', 'chords')
  .option('--no-shrink', 'do not look for a plainer schedule of what is found')

await command.parseAsync()
process.exitCode = await simulate(command.opts<Options>())

async function simulate({ chords, seed, workers, workload, ...options }: Options): Promise<number> {
  const found: Outcome[] = []
  let done = 0
  const progress = new Progress(chords)
  await simulateAll({
    workload,
    seed,
    chords,
    workers: Math.min(workers, Math.ceil(chords / 250)),
    maxFound: 5,
    onDone: (portion) => {
      done += portion.count
      found.push(...portion.found)
      progress.add(portion.count)
    },
  })
  progress.end()
  for (const outcome of found.slice(0, 3)) await report(outcome, workload, options.shrink)
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

function count(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number above zero')
  return value
}
