import { MemoryStore } from '@arpeggio/backend-memory'
import type { Scheduler } from '@arpeggio/core'
import { several } from './brief.ts'
import type { Choices } from './choices.ts'
import { Fingerprint } from './fingerprint.ts'
import type { SimulatedProcess } from './process.ts'
import { VirtualTimers } from './virtual-timers.ts'

/** Something that can happen next. */
export interface Step {
  /** Whose doing it is. Absent: nobody's, such as the passing of time. */
  readonly process?: SimulatedProcess | undefined
  readonly label: () => string
  /** Whether it meets no step of any other process, so that a search need not try it in every order. */
  readonly isLocal?: boolean
  run(): void
}

/** How the next step is chosen. */
export type Strategy = 'uniform' | 'sticky' | 'priorities'

export interface WorldOptions {
  readonly choices: Choices
  readonly strategy: Strategy
  /** After a full hour. */
  readonly beginsMs: number
  /** How probable it is that time passes although something could happen. */
  readonly haste: number
  /** Told of every step, for a trace. */
  readonly onStep?: ((line: string) => void) | undefined
}

const epoch = Date.UTC(2030, 0, 1)

/** Time, the store, and everything that waits to happen. One thing happens at a time; between two, the code under test runs until it waits. */
export class World {
  readonly choices: Choices
  readonly store: MemoryStore
  readonly timers = new VirtualTimers()
  /** Kept where somebody looks at it: in traces and in a search through all schedules. */
  readonly fingerprint: Fingerprint | undefined
  now = epoch
  steps = 0
  /** Whether this schedule was left because another led to the same point. */
  isLeft = false
  readonly #strategy: Strategy
  readonly #haste: number
  readonly #onStep: ((line: string) => void) | undefined
  readonly #pending: Step[] = []
  readonly #sources: ((steps: Step[]) => void)[] = []
  readonly #ranks = new Map<SimulatedProcess, number>()
  readonly #seen = new Set<SimulatedProcess>()
  #last: SimulatedProcess | undefined

  constructor({ choices, strategy, haste, beginsMs, onStep }: WorldOptions) {
    this.now += beginsMs
    this.choices = choices
    this.#strategy = strategy
    this.#haste = haste
    this.#onStep = onStep
    this.store = new MemoryStore({ clock: () => this.now })
    if (onStep !== undefined || choices.isKnown !== undefined) this.fingerprint = new Fingerprint(this.store)
  }

  /** Adds a step that stays until it is taken. */
  add(step: Step): void {
    this.#pending.push(step)
  }

  /** Adds what can say, each time anew, which steps are possible. */
  offer(source: (steps: Step[]) => void): void {
    this.#sources.push(source)
  }

  schedulerOf(process: SimulatedProcess): Scheduler {
    return {
      now: () => this.now - epoch,
      wallClock: () => this.now + process.skewMs,
      setTimeout: (callback, milliseconds) => this.#setTimer(process, callback, milliseconds),
      clearTimeout: (handle) => this.timers.clear(handle),
      random: this.choices.noise,
    }
  }

  /** Resolves when so much time has passed, whatever becomes of processes. */
  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.timers.set(this.now + milliseconds, resolve))
  }

  #setTimer(process: SimulatedProcess, callback: () => void, milliseconds: number): unknown {
    const at = this.now + Math.max(0, milliseconds)
    const fire = (): void => {
      this.fingerprint?.tell(process, `timer ${at}`)
      callback()
    }
    return this.timers.set(at, this.fingerprint === undefined ? callback : fire, process)
  }

  /** Many things in a trace, without those in the middle; a search needs them all. */
  list(items: readonly string[], join: string): string {
    return this.choices.isKnown === undefined ? several(items, join) : items.join(join)
  }

  note(line: () => string): void {
    this.#onStep?.(`${String(this.steps).padStart(4)} ${seconds(this.now - epoch)} ${line()}`)
  }

  /** Lets things happen until nothing can, `isOver` says so, or `maxSteps` are taken. Answers whether it came to rest. */
  async run({ isOver, maxSteps, untilMs = Infinity }: RunOptions): Promise<boolean> {
    for (let left = maxSteps; left > 0; left -= 1) {
      await turn()
      if (isOver?.() === true) return true
      if (this.#isKnown()) return false
      const step = this.#choose(untilMs)
      if (step === undefined) return true
      this.steps += 1
      this.fingerprint?.tell(step.process, step.label())
      this.note(() => `${(step.process?.name ?? '').padEnd(3)} ${step.label()}`)
      step.run()
    }
    return false
  }

  #isKnown(): boolean {
    const { isKnown } = this.choices
    if (isKnown === undefined || this.fingerprint === undefined || this.choices.isPlain) return false
    const halted = [...this.#seen].map(({ name, isAlive, pausedUntil }) => `${name} ${isAlive} ${pausedUntil}`)
    this.isLeft = isKnown(this.fingerprint.name(`${this.now} ${this.#last?.name} ${halted.join()}`))
    return this.isLeft
  }

  #choose(untilMs: number): Step | undefined {
    const steps = this.#possible()
    const timer = this.timers.next(this.now)
    const isTimerDue = timer !== undefined && timer.at <= untilMs
    if (steps.length === 0) return isTimerDue ? this.#passing(timer.at) : undefined
    // Time also passes while something waits, now and then.
    if (isTimerDue && (timer.at <= this.now || this.choices.chance(this.#haste, 'fault')))
      return this.#passing(timer.at)
    const local = this.choices.isKnown === undefined ? undefined : steps.find(({ isLocal }) => isLocal)
    return this.#taken(local ?? this.#pickOf(steps))
  }

  #taken(step: Step): Step {
    const at = this.#pending.indexOf(step)
    if (at >= 0) this.#pending.splice(at, 1)
    this.#last = step.process
    if (step.process !== undefined) this.#seen.add(step.process)
    return step
  }

  #possible(): Step[] {
    const steps: Step[] = []
    let dead = 0
    for (const step of this.#pending) {
      if (step.process === undefined || step.process.runsAt(this.now)) steps.push(step)
      else if (!step.process.isAlive) dead += 1
    }
    if (dead > 16) this.#bury()
    for (const source of this.#sources) source(steps)
    return steps
  }

  /** What a dead process waits for never comes. */
  #bury(): void {
    const alive = this.#pending.filter(({ process }) => process?.isAlive !== false)
    this.#pending.splice(0, this.#pending.length, ...alive)
  }

  #passing(at: number): Step {
    return {
      label: () => 'time passes',
      run: () => {
        this.now = Math.max(this.now, at)
        this.timers.fire(this.now)
      },
    }
  }

  #pickOf(steps: Step[]): Step {
    if (this.#strategy === 'uniform') return this.choices.of(steps)
    const ordered = steps.length > 1 ? steps.toSorted((a, b) => this.#rank(a) - this.#rank(b)) : steps
    const couldGoOn = steps.some(({ process }) => process === this.#last)
    const kind = this.#strategy === 'sticky' && couldGoOn ? 'preempt' : 'free'
    if (this.#strategy === 'priorities' && this.choices.chance(0.05)) this.#ranks.clear()
    return this.choices.of(ordered, { plain: couldGoOn ? 0.85 : 0.5, kind })
  }

  #rank({ process }: Step): number {
    if (process === undefined) return 1
    if (this.#strategy === 'sticky') return process === this.#last ? 0 : 1
    const known = this.#ranks.get(process)
    if (known !== undefined) return known
    const rank = this.choices.pick(8)
    this.#ranks.set(process, rank)
    return rank
  }
}

export interface RunOptions {
  readonly maxSteps: number
  readonly isOver?: () => boolean
  /** Time does not pass beyond. Default: for ever. */
  readonly untilMs?: number
}

/** Core waits on promises and microtasks only, so all that it can do now is done when the event loop turns. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(3)}s`.padStart(10)
}
