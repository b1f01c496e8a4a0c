import { BackendError } from '@arpeggio/core'
import type { Fault, Faults } from './faults.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

/** A call that a process makes to something outside of it: the store or the queue. */
export interface Call<Answer> {
  readonly process: SimulatedProcess
  readonly label: () => string
  /** Has its effect at once, when it is called. */
  readonly apply: () => Promise<Answer>
  /** Has some of its effect, where a call can break in the middle. */
  readonly applyPartly?: () => Promise<Answer>
  /** Described for the trace. */
  readonly answer?: (answer: Answer) => string
  /** Whether nobody else asks for the same. */
  readonly isLocal?: boolean
  /** Which outage it suffers from. What a process does in itself can only be interrupted. */
  readonly target: 'store' | 'queue' | 'process'
}

const pausesMs = [45_000, 90_000, 20_000, 400] as const

/** Holds every call until the world lets it happen, and breaks some. */
export class Calls {
  readonly pauseObservers: ((process: SimulatedProcess) => void)[] = []
  readonly #world: World
  readonly #faults: Faults
  readonly #onCrash: (process: SimulatedProcess) => void
  readonly #outages = new Map<string, number>()

  constructor(world: World, faults: Faults, onCrash: (process: SimulatedProcess) => void) {
    this.#world = world
    this.#faults = faults
    this.#onCrash = onCrash
  }

  /** Nothing of that kind answers for a while. */
  breakDown(target: Call<unknown>['target'], milliseconds: number): void {
    this.#faults.hasBroken = true
    this.#outages.set(target, this.#world.now + milliseconds)
  }

  mend(): void {
    this.#outages.clear()
    this.#faults.end()
  }

  make<Answer>(call: Call<Answer>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    if (!call.process.isAlive) return promise
    const { process, label, isLocal = false } = call
    const held = { call, resolve, reject }
    this.#world.add({ process, label, isLocal, run: () => this.#perform(held) })
    return promise
  }

  crash(process: SimulatedProcess): void {
    process.isAlive = false
    this.#world.fingerprint?.forget(process)
    this.#world.note(() => `${process.name.padEnd(3)} † dies`)
    this.#onCrash(process)
  }

  #perform<Answer>(held: Held<Answer>): void {
    const { process, target } = held.call
    const fault = this.#faults.next((kind) => {
      if (kind === 'pause') return process.pausedUntil === 0
      return target !== 'process' || kind.startsWith('crash')
    })
    if (fault === undefined) {
      if ((this.#outages.get(target) ?? 0) > this.#world.now) this.#refuse(held)
      else this.#apply(held, true)
    } else this.#break(held, fault)
  }

  #break<Answer>(held: Held<Answer>, fault: Fault): void {
    const { process } = held.call
    this.#world.note(() => `${process.name.padEnd(3)} ! ${fault}`)
    if (fault === 'unavailable') this.#refuse(held)
    else if (fault === 'pause') this.#pause(held)
    else if (fault === 'crash before') this.crash(process)
    else {
      this.#apply(held, false)
      if (fault === 'crash after') this.crash(process)
      else {
        this.#world.fingerprint?.tell(process, `${held.call.label()} lost`)
        held.reject(new BackendError('uncertain', 'the answer was lost'))
      }
    }
  }

  #pause<Answer>(held: Held<Answer>): void {
    const { process, label } = held.call
    process.pausedUntil = this.#world.now + (this.#world.choices.of(pausesMs) ?? 0)
    this.#world.timers.set(process.pausedUntil, () => undefined)
    for (const observe of this.pauseObservers) observe(process)
    this.#world.add({ process, label, run: () => this.#perform(held) })
  }

  #refuse<Answer>({ call, reject }: Held<Answer>): void {
    this.#world.fingerprint?.tell(call.process, `${call.label()} refused`)
    this.#world.note(() => '      ✗ unavailable')
    reject(new BackendError('unavailable', `the ${call.target} is out of order`))
  }

  #apply<Answer>({ call, resolve, reject }: Held<Answer>, isAnswered: boolean): void {
    if (!isAnswered) {
      const isWhole = call.applyPartly === undefined || !this.#world.choices.chance(0.5)
      void (isWhole ? call.apply() : call.applyPartly()).catch(() => undefined)
      return
    }
    void this.#answer(call, resolve, reject)
  }

  async #answer<Answer>(
    { process, label, apply, answer }: Call<Answer>,
    resolve: Held<Answer>['resolve'],
    reject: Held<Answer>['reject'],
  ): Promise<void> {
    try {
      const value = await apply()
      this.#world.note(() => `      → ${answer?.(value) ?? 'done'}`)
      this.#world.fingerprint?.tell(process, `${label()} ${answer?.(value) ?? ''}`)
      resolve(value)
    } catch (error) {
      this.#world.fingerprint?.tell(process, `${label()} ${String(error)}`)
      reject(error)
    }
  }
}

interface Held<Answer> {
  readonly call: Call<Answer>
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}
