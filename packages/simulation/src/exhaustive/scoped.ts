import type { TaskMessage } from '@arpeggio/core'
import type { Choices } from '../choices.ts'
import { ChordOracle } from '../oracle/chord-oracle.ts'
import { calmSetting, Simulation, type Member } from '../simulation.ts'
import type { Workload } from '../workload.ts'
import { addedTo, chordOf, rootId } from '../workloads/chords/build.ts'
import { resultsOf } from '../workloads/chords/chords.ts'
import { finish } from '../workloads/chords/finish.ts'
import { plainScenario } from '../workloads/chords/scenario.ts'
import { Script, sweep, type Plot, type Wish } from '../workloads/chords/script.ts'
import { tableOf, tasksOf } from '../workloads/chords/tasks.ts'
import type { Scope } from './scopes.ts'

/** The chord of a scope. What comes before the race, and after it, happens in one order. */
export function scoped(scope: Scope): Workload {
  return { name: scope.name, run: (choices, onStep) => new ScopedRun(scope, choices, onStep).run() }
}

class ScopedRun {
  readonly #scope: Scope
  readonly #plot: Plot
  readonly #starter: Member
  readonly #chord: () => ReturnType<typeof chordOf>
  readonly #tasks: ReturnType<typeof tasksOf>

  constructor(scope: Scope, choices: Choices, onStep: ((line: string) => void) | undefined) {
    const scenario = { ...plainScenario, ...scope.scenario }
    const { faults } = scope.bounds
    const plan = { kinds: ['crash before'] as const, probability: 0, budget: faults }
    const { deliveries = 1, withSweep = false, withStart = false } = scope
    // The result of a part is its own affair, unless others run the same part or look for lost ones.
    const localPrefix = deliveries > 1 || withSweep || withStart ? undefined : 'celery-task-meta-'
    const setting = { ...calmSetting, faults: plan, localPrefix, results: resultsOf(scenario) }
    const simulation = new Simulation(choices, setting, onStep)
    const oracle = new ChordOracle(simulation)
    const tasks = tasksOf(simulation, oracle, scenario)
    const script = new Script(simulation, scenario, tableOf(tasks))
    this.#scope = scope
    this.#tasks = tasks
    this.#plot = { simulation, scenario, script, oracle }
    this.#starter = simulation.spawn()
    this.#chord = () => chordOf(scenario, tasks, simulation.world)
    script.wish('start the chord', ({ results }) => results.apply(this.#chord()))
  }

  async run(): Promise<Simulation> {
    const { simulation } = this.#plot
    const { world, choices } = simulation
    await this.#prepare()
    choices.isPlain = false
    await world.run({ maxSteps: 400, untilMs: world.now + 1_000 })
    if (world.isLeft) return simulation
    // Whoever ran a part would run the body, too, which is of no interest before.
    this.#plot.script.join()
    await finish(this.#plot, this.#chord)
    return simulation
  }

  /** Brings everything to where the race begins. */
  async #prepare(): Promise<void> {
    const { simulation, script, scenario } = this.#plot
    const { ranBefore = 0, adding = 0, withSweep = false } = this.#scope
    simulation.choices.isPlain = true
    const [start] = script.wishes
    if (start !== undefined) await this.#start(start)
    this.#workers(0, ranBefore)
    await simulation.world.run({ maxSteps: 100 })
    this.#workers(ranBefore, scenario.members.length + adding)
    if (adding > 0) this.#add(adding)
    if (withSweep) this.#sweepOnce()
  }

  async #start(start: Wish): Promise<void> {
    const { world, broker } = this.#plot.simulation
    const { deliveries = 1, withStart = false } = this.#scope
    this.#plot.script.attempt(start, this.#starter)
    const isStarted = (): boolean => (withStart ? broker.published.length > 0 : start.state === 'granted')
    await world.run({ maxSteps: 100, isOver: isStarted })
    const messages = broker.published.map(({ message }) => message)
    for (let copy = 1; copy < deliveries; copy += 1) for (const message of messages) broker.redeliver({ ...message })
  }

  #workers(from: number, to: number): void {
    const { deliveries = 1 } = this.#scope
    for (let slot = from; slot < to; slot += 1) {
      for (let copy = 0; copy < deliveries; copy += 1) this.#worker(slot)
    }
  }

  /** Runs one part at a time, always of the same slot; when it dies, another takes its place. */
  #worker(slot: number): void {
    const { simulation, script } = this.#plot
    const accepts = ({ chord, groupIndex }: TaskMessage): boolean => chord !== undefined && groupIndex === slot
    const { process } = script.join(accepts)
    simulation.crashObservers.push((dead) => {
      if (dead === process) this.#worker(slot)
    })
  }

  #add(count: number): void {
    const { script } = this.#plot
    const added = addedTo(count, this.#tasks, 'a0')
    script.wish(`add ${count} parts`, ({ results }) => results.chords.add(rootId, 'a0', added))
    const wish = script.wishes.at(-1)
    if (wish !== undefined) script.attempt(wish, this.#starter)
  }

  #sweepOnce(): void {
    const { world } = this.#plot.simulation
    world.add({
      label: () => 'every lease runs out',
      run: () => {
        world.now += 31_000
        sweep(this.#plot.simulation, this.#starter)
      },
    })
  }
}
