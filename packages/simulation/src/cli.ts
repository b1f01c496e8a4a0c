import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { exhaustive } from './commands/exhaustive.ts'
import { findMutants } from './commands/mutants.ts'
import { random } from './commands/random.ts'

interface Options {
  readonly chords: number
  readonly seed: number
  readonly workers: number
  readonly workload: string
  readonly shrink: boolean
  readonly exhaustive?: boolean
  readonly mutants?: boolean | readonly string[]
  readonly limit: number
}

const command = new Command('simulate')
  .description('Runs the real chord code in many schedules with faults, and looks for a broken promise')
  .option('--chords <n>', 'how many random simulations', count, 20_000)
  .option('--seed <n>', 'the seed of the first; the others follow', count, 1)
  .option('--workers <n>', 'how many threads', count, availableParallelism())
  .option('--workload <name>', 'what to simulate', 'chords')
  .option('--no-shrink', 'do not look for a plainer schedule of what is found')
  .option('--exhaustive', 'follow every schedule of small chords, within bounds')
  .option('--limit <n>', 'how many schedules of each small chord at most', count, 1_000_000)
  .option('--mutants [names...]', 'show that planted bugs are found, all or some')

await command.parseAsync()
process.exitCode = await run(command.opts<Options>())

async function run(options: Options): Promise<number> {
  const { mutants } = options
  if (options.exhaustive === true) return await exhaustive(options)
  if (mutants === undefined) return await random(options)
  return await findMutants({ ...options, only: mutants === true || mutants === false ? undefined : mutants })
}

function count(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number above zero')
  return value
}
