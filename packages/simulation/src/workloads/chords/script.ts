import {
  BackendError,
  executeTask,
  type RunnableTask,
  type Signature,
  type StreamedChord,
  Task,
  type TaskMessage,
} from '@arpeggio/core'
import { LocalPublisher } from '../../local-publisher.ts'
import type { ChordOracle } from '../../oracle/chord-oracle.ts'
import type { SimulatedProcess } from '../../process.ts'
import type { Member, Simulation } from '../../simulation.ts'
import { addedTo, rootId } from './build.ts'
import type { Scenario } from './scenario.ts'
import type { TaskNames } from './tasks.ts'

/** Something that somebody wants of a chord, and whether he was told that it happened. */
export interface Wish {
  readonly name: string
  readonly act: (member: Member) => Promise<unknown>
  state: 'open' | 'under way' | 'granted' | 'refused'
  by?: Member
}

/** Who does what: the processes that run tasks, whoever starts the chord, and all that happens to it meanwhile. */
export class Script {
  readonly wishes: Wish[] = []
  readonly #simulation: Simulation
  readonly #scenario: Scenario
  readonly #table: ReadonlyMap<string, RunnableTask>
  readonly #queues: { readonly process: SimulatedProcess; readonly queue: LocalPublisher }[] = []

  constructor(simulation: Simulation, scenario: Scenario, table: ReadonlyMap<string, RunnableTask>) {
    this.#simulation = simulation
    this.#scenario = scenario
    this.#table = table
    simulation.crashObservers.push((process) => {
      this.#undo(process)
    })
  }

  /** Whether nothing runs or waits anywhere. */
  get isIdle(): boolean {
    return (
      this.#simulation.broker.isIdle && this.#queues.every(({ process, queue }) => !process.isAlive || queue.isIdle)
    )
  }

  /** Whoever wished for it sees that it was in vain. */
  #undo(process: SimulatedProcess): void {
    for (const wish of this.wishes) if (this.#isUndone(wish, process)) wish.state = 'open'
  }

  /** With a process ends what was under way there, and what its own queue held. */
  #isUndone({ state, by }: Wish, process: SimulatedProcess): boolean {
    if (by?.process !== process) return false
    return state === 'under way' || (state === 'granted' && this.#scenario.queue === 'local')
  }

  /** A process that runs tasks. */
  join(accepts?: (message: TaskMessage) => boolean): Member {
    const { world } = this.#simulation
    const isLocal = this.#scenario.queue === 'local'
    const member = isLocal ? this.#simulation.spawn((process) => this.#localQueue(process)) : this.#simulation.spawn()
    if (!isLocal) this.#consume(member, accepts)
    world.note(() => `${member.process.name.padEnd(3)} starts`)
    return member
  }

  #localQueue(process: SimulatedProcess): LocalPublisher {
    const { calls, publishObservers } = this.#simulation
    const queue = new LocalPublisher({
      calls,
      process,
      tasks: [...this.#table.values()],
      concurrency: this.#scenario.capacity,
      onLost: () => this.#undo(process),
      onPublish: (message) => {
        for (const observe of publishObservers) observe({ message, by: process })
      },
    })
    this.#queues.push({ process, queue })
    return queue
  }

  #consume({ process, results }: Member, accepts: ((message: TaskMessage) => boolean) | undefined): void {
    this.#simulation.broker.consume({
      process,
      capacity: this.#scenario.capacity,
      ...(accepts === undefined ? {} : { accepts }),
      handle: async (message, redelivered) => {
        const task = this.#table.get(message.task) ?? new Task(message.task)
        const request = { ...message, hostname: process.name, deliveryInfo: { redelivered } }
        const { state } = await executeTask(task, request, results)
        if (state === 'REJECTED') return false
        // As queues do: a task that is run again has not ended.
        if (message.bodyOf !== undefined && state !== 'RETRY') await results.messageEnded(message)
        return true
      },
    })
  }

  wish(name: string, act: (member: Member) => Promise<unknown>): void {
    this.wishes.push({ name, act, state: 'open' })
  }

  /** Lets a process try what is wished for. */
  attempt(wish: Wish, member: Member): void {
    wish.state = 'under way'
    wish.by = member
    const label = (): string => `wants to ${wish.name}`
    this.#simulation.world.add({ process: member.process, label, run: () => void this.#grant(wish, member) })
  }

  /** Lets a process try it at some time after the chord has become known. */
  attemptLater(wish: Wish, member: Member, isKnown: () => boolean): void {
    wish.by = member
    const { world } = this.#simulation
    const { process } = member
    const label = (): string => `wants to ${wish.name}`
    let isBegun = false
    const begin = (): void => {
      isBegun = true
      wish.state = 'under way'
      void this.#grant(wish, member)
    }
    world.offer((steps) => {
      const isPossible =
        !isBegun && wish.state === 'open' && wish.by === member && process.runsAt(world.now) && isKnown()
      if (isPossible) steps.push({ process, label, run: begin })
    })
  }

  /** A process that does something; a new one when all have died or stand still. */
  someone(): Member {
    const { members, world, choices } = this.#simulation
    const running = members.filter(({ process }) => process.runsAt(world.now))
    return running.length === 0 ? this.join() : choices.of(running)
  }

  #isSealedByHand(): boolean {
    return this.wishes.some(({ name, state }) => name === 'seal again' && state !== 'refused')
  }

  async #grant(wish: Wish, member: Member): Promise<void> {
    try {
      await wish.act(member)
      wish.state = 'granted'
    } catch (error) {
      this.#simulation.world.note(() => `${member.process.name.padEnd(3)} could not ${wish.name}: ${String(error)}`)
      wish.state = BackendError.is(error, 'conflict', 'not-found') ? 'refused' : 'open'
      const isOther = /with (?:other tasks|another body|another policy)/u.test(String(error)) && !this.#isSealedByHand()
      // Ids are derived, so that starting the same chord again is the same.
      if (isOther) this.#simulation.violate('a chord can be started again', String(error))
      if (!BackendError.is(error))
        this.#simulation.violate('nothing fails without a reason', String((error as Error).stack))
    }
  }
}

export interface Plot {
  readonly simulation: Simulation
  readonly scenario: Scenario
  readonly script: Script
  readonly oracle: ChordOracle
}

/** Everything that happens to the chord beside its tasks being run. */
export function plan(
  { simulation, scenario, script, oracle }: Plot,
  chord: () => Signature | StreamedChord,
  tasks: Readonly<Record<TaskNames, Task<readonly unknown[], unknown>>>,
): void {
  script.wish('start the chord', ({ results }) => results.apply(chord()))
  for (const [at, count] of scenario.adds.entries()) {
    script.wish(`add ${count} parts`, ({ results }) =>
      results.chords.add(rootId, `a${at}`, addedTo(count, tasks, `a${at}`)),
    )
  }
  if (scenario.isCancelled) script.wish('cancel', ({ results }) => results.chords.cancel(rootId, 'no longer wanted'))
  if (scenario.isSealedAgain) script.wish('seal again', ({ results }) => results.setChordSize(rootId, 9))
  const isKnown = (): boolean => oracle.cases.get(rootId)?.record !== undefined
  for (const [at, wish] of script.wishes.entries()) {
    if (at === 0) script.attempt(wish, script.someone())
    else script.attemptLater(wish, script.someone(), isKnown)
  }
  for (let left = scenario.sweeps; left > 0; left -= 1) sweep(simulation, script.someone())
  const { world, calls, choices } = simulation
  for (let left = scenario.forgets; left > 0; left -= 1) forgetSometime(simulation, script.someone())
  for (let left = scenario.outages; left > 0; left -= 1) {
    const target = choices.of(['store', 'queue'] as const)
    const seconds = choices.of([1, 10, 60])
    world.add({
      label: () => `the ${target} is away for ${seconds} s`,
      run: () => calls.breakDown(target, seconds * 1_000),
    })
  }
}

export function sweep({ world }: Simulation, { process, results }: Member): void {
  const failed = (error: unknown): void =>
    world.note(() => `${process.name.padEnd(3)} could not sweep: ${String(error)}`)
  world.add({ process, label: () => 'begins a sweep', run: () => void results.chords.sweep().catch(failed) })
}

/** Leases run out while somebody stands still: others take over before he goes on. */
export function sweepInPauses({ simulation, script }: Plot): void {
  const { world, choices } = simulation
  simulation.calls.pauseObservers.push(({ pausedUntil }) => {
    const at = world.now + 31_000
    if (at < pausedUntil && choices.chance(0.8)) world.timers.set(at, () => sweep(simulation, script.someone()))
  })
}

/** Somebody sweeps every few seconds, as long as things may break. */
export function sweepAlways({ simulation, script }: Plot): void {
  const { world } = simulation
  const again = (): void => {
    if (simulation.isHealed) return
    sweep(simulation, script.someone())
    world.timers.set(world.now + 8_000, again)
  }
  world.timers.set(world.now + 8_000, again)
}

function forgetSometime({ world, broker, choices }: Simulation, { process, results }: Member): void {
  world.add({
    process,
    label: () => 'forgets a result',
    run: () => {
      const parts = broker.published.filter(({ message }) => message.chord !== undefined)
      if (parts.length === 0) return
      void results.forget(choices.of(parts).message.id).catch(() => undefined)
    },
  })
}
