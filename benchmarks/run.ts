import { Command, InvalidArgumentError, Option } from 'commander'
import type { Benchmark } from './benchmark.ts'
import { measure } from './measure.ts'
import { allMet, asJson, asTable, type Counted, type Report, type Section } from './report.ts'

/** Loaded on demand, so that one benchmark does not pay for the clients of another. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  chords: async () => (await import('./chords.ts')).chords,
  elasticsearch: async () => (await import('./elasticsearch.ts')).elasticsearch,
  embedded: async () => (await import('./embedded.ts')).embedded,
  gcs: async () => (await import('./gcs.ts')).gcs,
  redis: async () => (await import('./redis.ts')).redis,
  'redis-chords': async () => (await import('./redis-chords.ts')).redisChords,
  wire: async () => (await import('./wire.ts')).wire,
}

const LEAST_ROUNDS = 9 // fewer than nine give no useful interval

interface Options {
  readonly rounds: number
  readonly json?: boolean
  readonly check?: boolean
}

const program = new Command('bench')
  .description('Measures against the bare store or engine, in turns with it.')
  .argument('<name>', `one of: ${Object.keys(BENCHMARKS).join(', ')}`)
  .addOption(new Option('--rounds <n>', 'how often each case is measured').default(LEAST_ROUNDS).argParser(parseRounds))
  .option('--json', 'prints every sample instead of a table')
  .option('--check', 'fails when a case misses its goal')
  .action(bench)
await program.parseAsync()

async function bench(name: string, options: Options): Promise<void> {
  const load = BENCHMARKS[name]
  if (load === undefined)
    return program.error(`there is no benchmark "${name}"; known are ${Object.keys(BENCHMARKS).join(', ')}`)
  const { summary, sections, tallies = [] } = await load()
  if (options.json !== true) console.log(`${name}: ${summary}`)
  const measured: Section[] = []
  for (const { title, cases, rounds = 0 } of sections)
    measured.push({ title, measured: await measure(cases, Math.max(rounds, options.rounds)) })
  const counted: Counted[] = []
  for (const tally of tallies) counted.push({ title: tally.title, counts: await tally.count() })
  const report: Report = { sections: measured, counted }
  console.log(options.json === true ? asJson(report) : asTable(report))
  if (options.check === true && !allMet(report)) process.exitCode = 1
}

function parseRounds(text: string): number {
  const rounds = Number(text)
  if (!Number.isInteger(rounds) || rounds < LEAST_ROUNDS) throw new InvalidArgumentError(`at least ${LEAST_ROUNDS}.`)
  return rounds
}
