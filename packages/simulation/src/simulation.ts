import { Results, type Backend, type Publisher, type ResultsOptions } from '@arpeggio/core'
import { Broker, type BrokerPlan, type Published } from './broker.ts'
import { Calls } from './calls.ts'
import type { Choices } from './choices.ts'
import { Faults, noFaults, type FaultPlan } from './faults.ts'
import { HeldBackend, type Ability } from './held-backend.ts'
import { seedIds } from './ids.ts'
import { SimulatedProcess } from './process.ts'
import { World, type Strategy } from './world.ts'

/** What was promised and not kept. */
export interface Violation {
  readonly rule: string
  readonly detail: string
}

/** What is the same for the whole of one simulation. */
export interface Setting {
  /** When the simulation begins, after a full hour. */
  readonly beginsMs: number
  readonly strategy: Strategy
  /** How probable it is that time passes although something could happen. */
  readonly haste: number
  readonly faults: FaultPlan
  readonly broker: BrokerPlan
  readonly lacks: ReadonlySet<Ability>
  /** What keys that only one process uses begin with. */
  readonly localPrefix?: string | undefined
  /** How wrong the clocks of processes are, in turn. */
  readonly skewsMs: readonly number[]
  readonly results: Partial<ResultsOptions>
  /** A store with a fault of its own, which the simulation must find. */
  readonly wrapBackend?: ((backend: Backend) => Backend) | undefined
}

export const calmSetting: Setting = {
  beginsMs: 0,
  strategy: 'sticky',
  haste: 0,
  faults: noFaults,
  broker: { duplicates: 0, duplicateBudget: 0 },
  lacks: new Set(),
  skewsMs: [],
  results: {},
}

export interface Member {
  readonly process: SimulatedProcess
  readonly results: Results
}

/** A handful of processes on one store and one queue, and what they did wrong. */
export class Simulation {
  readonly choices: Choices
  readonly world: World
  readonly calls: Calls
  readonly faults: Faults
  readonly broker: Broker
  readonly violations: Violation[] = []
  readonly members: Member[] = []
  readonly publishObservers: ((published: Published) => void)[] = []
  readonly crashObservers: ((process: SimulatedProcess) => void)[] = []
  readonly setting: Setting
  isHealed = false

  constructor(choices: Choices, setting: Setting, onStep?: (line: string) => void) {
    seedIds(choices.noise)
    this.choices = choices
    this.setting = setting
    const { strategy, haste, beginsMs } = setting
    this.world = new World({ choices, strategy, haste, beginsMs, onStep })
    this.faults = new Faults(choices, setting.faults)
    this.calls = new Calls(this.world, this.faults, (process) => {
      this.broker.onCrash(process)
      for (const observe of this.crashObservers) observe(process)
    })
    this.broker = new Broker(this.world, this.calls, setting.broker, (published) => {
      for (const observe of this.publishObservers) observe(published)
    })
  }

  /** Starts a process of its own, with the product's own `Results`. */
  spawn(publisherOf: (process: SimulatedProcess) => Publisher = (process) => this.broker.publisherOf(process)): Member {
    const count = this.members.length
    const { skewsMs, lacks, localPrefix, results, wrapBackend = (backend) => backend } = this.setting
    const process = new SimulatedProcess(`p${count + 1}`, skewsMs[count % Math.max(1, skewsMs.length)] ?? 0)
    const member = {
      process,
      results: new Results({
        maxRetries: 3,
        maxSleepMs: 2_000,
        // Whoever simulates decides who sweeps when.
        sweepSeconds: false,
        onWarning: (message) => this.world.note(() => `${process.name.padEnd(3)} ? ${message}`),
        ...results,
        backend: wrapBackend(new HeldBackend({ world: this.world, calls: this.calls, process, lacks, localPrefix })),
        publisher: publisherOf(process),
        scheduler: this.world.schedulerOf(process),
      }),
    }
    this.members.push(member)
    return member
  }

  get hasBroken(): boolean {
    return this.faults.hasBroken
  }

  violate(rule: string, detail: string): void {
    if (this.violations.some((violation) => violation.rule === rule)) return
    this.violations.push({ rule, detail })
    this.world.note(() => `    ✘ ${rule}: ${detail}`)
  }

  /** From here on nothing breaks; whoever stands still goes on in time. */
  heal(): void {
    this.isHealed = true
    // A search through all schedules is about what happened until now.
    this.choices.isPlain = this.choices.isKnown !== undefined
    this.calls.mend()
    this.broker.endFaults()
    this.world.note(() => '    … nothing breaks any more')
  }
}
