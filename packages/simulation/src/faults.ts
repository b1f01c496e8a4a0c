import type { Choices } from './choices.ts'

/** What can befall one call. */
export type Fault =
  /** The process dies before the call has any effect. */
  | 'crash before'
  /** The call has its effect, and the process dies. */
  | 'crash after'
  /** The call has its effect; its answer is lost. */
  | 'answer lost'
  /** The call has no effect and says so. */
  | 'unavailable'
  /** The process stands still for a while before the call goes out. */
  | 'pause'

export interface FaultPlan {
  readonly kinds: readonly Fault[]
  /** Of each call. */
  readonly probability: number
  /** So many at most. */
  readonly budget: number
  /** How much more probable they are while a chord is being ended. Default: 5. */
  readonly heat?: number
}

export const noFaults: FaultPlan = { kinds: [], probability: 0, budget: 0 }

/** Decides call by call what breaks, until it is switched off. */
export class Faults {
  /** Whether faults are more probable just now. */
  isHot = false
  /** Whether anything broke. */
  hasBroken = false
  #left: number
  readonly #choices: Choices
  readonly #plan: FaultPlan

  constructor(choices: Choices, plan: FaultPlan) {
    this.#choices = choices
    this.#plan = plan
    this.#left = plan.budget
  }

  /** From here on nothing breaks any more. */
  end(): void {
    this.#left = 0
  }

  get #probability(): number {
    const { probability, heat = 5 } = this.#plan
    return this.isHot ? Math.min(0.5, probability * heat) : probability
  }

  next(possible: (fault: Fault) => boolean): Fault | undefined {
    if (this.#left <= 0) return undefined
    const kinds = this.#plan.kinds.filter(possible)
    const at = this.#choices.pick(kinds.length + 1, {
      plain: 1 - this.#probability,
      kind: 'fault',
    })
    if (at === 0) return undefined
    this.#left -= 1
    this.hasBroken = true
    return kinds[at - 1]
  }
}
