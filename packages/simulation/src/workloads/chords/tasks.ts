import { Ignore, Reject, Task, type ChordResults, type RunnableTask, type TaskContext } from '@arpeggio/core'
import type { ChordOracle } from '../../oracle/chord-oracle.ts'
import type { Simulation } from '../../simulation.ts'
import type { Scenario } from './scenario.ts'

/** Longer than what rides in a marker. */
const padding = 'x'.repeat(300)

export type TaskNames = 'part' | 'ignored' | 'step' | 'body'

/** The tasks of all chords. No two runs result in the same, so that it shows whose result went where. */
export function tasksOf(
  simulation: Simulation,
  oracle: ChordOracle,
  scenario: Scenario,
): Readonly<Record<TaskNames, Task<readonly unknown[], unknown>>> {
  const runs = new Runs(simulation, oracle, scenario)
  const bound = { bind: true, retryDelaySeconds: 1, maxRetries: 2 } as const
  return {
    part: new Task('part', (context: TaskContext, label: string) => runs.part(context, label), bound),
    ignored: new Task('ignored', (context: TaskContext, label: string) => runs.part(context, label), {
      ...bound,
      ignoreResult: true,
    }),
    step: new Task('step', (context: TaskContext, _: unknown, label: string) => runs.part(context, label), bound),
    body: new Task('body', (context: TaskContext, results: unknown) => runs.body(context, results), bound),
  }
}

export function tableOf(tasks: Readonly<Record<TaskNames, RunnableTask>>): ReadonlyMap<string, RunnableTask> {
  return new Map(Object.entries(tasks))
}

class Runs {
  readonly #simulation: Simulation
  readonly #oracle: ChordOracle
  readonly #scenario: Scenario
  #count = 0

  constructor(simulation: Simulation, oracle: ChordOracle, scenario: Scenario) {
    this.#simulation = simulation
    this.#oracle = oracle
    this.#scenario = scenario
  }

  /** The product's own queue waits by the machine's clock, so that nothing may have to wait there. */
  #possible(all: number, immediate: number): number {
    // A search through all schedules is not one through all endings.
    if (this.#simulation.choices.isKnown !== undefined && this.#scenario.trouble === 0) return 1
    return this.#scenario.queue === 'local' ? immediate : all
  }

  part(context: TaskContext, label: string): string {
    const { choices } = this.#simulation
    const run = `${label}.${(this.#count += 1)}`
    const value = choices.chance(this.#scenario.largeValues) ? run + padding : run
    const { trouble } = this.#scenario
    const ending = choices.pick(this.#possible(6, 4), { plain: 1 - trouble })
    this.#simulation.world.note(() => `      · ${run} ${endings[ending]}`)
    // Of all others the store knows how they ended.
    if (context.request.task === 'ignored' || ending === 2)
      this.#oracle.ran(context.request.id, endingOf(ending, value))
    if (ending === 1) throw new Error(run)
    if (ending === 2) throw new Ignore(run)
    if (ending === 3) throw new Reject(run)
    if (ending === 4 && trouble > 0) return context.retry({ error: new Error(run) })
    if (ending === 5) throw new Reject(run, { requeue: true })
    return value
  }

  async body(context: TaskContext, results: unknown): Promise<string> {
    const { bodyOf } = context.request
    const { choices } = this.#simulation
    const ending = choices.pick(this.#possible(3, 2), { plain: 1 - this.#scenario.trouble })
    if (isReadable(results) && bodyOf !== undefined) {
      const values: unknown[] = []
      for await (const value of results) values.push(value)
      this.#oracle.bodyRead(bodyOf, values)
    }
    const run = `body.${(this.#count += 1)}`
    this.#simulation.world.note(() => `      · ${run} ${bodyEndings[ending]}`)
    if (ending === 1) throw new Error(run)
    if (ending === 2) return context.retry({ error: new Error(run) })
    return run
  }
}

const bodyEndings = ['succeeds', 'fails', 'asks to be run again']
const endings = [
  'succeeds',
  'fails',
  'ignores itself',
  'rejects itself',
  'asks to be run again',
  'goes back to the queue',
]

function endingOf(ending: number, value: string): readonly [state: string, value: unknown] {
  if (ending === 2) return ['IGNORED', null]
  return ending === 0 ? ['SUCCESS', value] : ['FAILURE', null]
}

function isReadable(value: unknown): value is ChordResults<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
