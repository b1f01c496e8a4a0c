import { setImmediate } from 'node:timers/promises'

/** One way of doing the same thing. The first case of a benchmark is its raw floor. */
export interface Case {
  readonly name: string
  /** How many operations one round makes. */
  readonly operations: number
  readonly goal?: Goal
  /** Prepares a round outside the clock; what it returns is what is measured. */
  prepare(round: number): Promise<Round> | Round
}

/** What the median has to keep. */
export interface Goal {
  readonly perSecond?: number
  readonly timesFloor?: number
}

export interface Round {
  run(): Promise<void> | void
  /** Puts away what the round needed, outside the clock. */
  close?(): Promise<void> | void
}

export interface Measured {
  readonly name: string
  readonly operations: number
  readonly goal: Goal
  /** Nanoseconds per operation, one number a round. */
  readonly samples: readonly number[]
}

const WARM_UP_ROUNDS = 2

/** Measures the cases in turns, so that whatever else the machine does meets all of them alike. */
export async function measure(cases: readonly Case[], rounds: number): Promise<readonly Measured[]> {
  const samples = cases.map((): number[] => [])
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const [index, each] of inTurns(cases, round)) {
      const sample = await timeRound(each, round)
      if (round >= 0) samples[index]?.push(sample)
    }
  }
  return cases.map(({ name, operations, goal = {} }, index) => {
    return { name, operations, goal, samples: samples[index] ?? [] }
  })
}

/** Every round begins with another case. */
function inTurns<T>(items: readonly T[], round: number): readonly (readonly [number, T])[] {
  const entries = [...items.entries()]
  const first = (round + WARM_UP_ROUNDS) % items.length
  return [...entries.slice(first), ...entries.slice(0, first)]
}

/** No collection is forced before: a full one takes optimised code along, and the round would measure how that is made anew. */
async function timeRound(measured: Case, round: number): Promise<number> {
  const prepared = await measured.prepare(round)
  await setImmediate()
  const begin = process.hrtime.bigint()
  await prepared.run()
  const elapsed = Number(process.hrtime.bigint() - begin)
  await prepared.close?.()
  return elapsed / measured.operations
}
