import { runList, type Outcome, type Workload } from './workload.ts'

export interface ShrinkOptions {
  /** So many simulations at most. */
  readonly budget?: number
}

/**
 * Looks for a plainer simulation that breaks the same rule: fewer choices, more of them the plain one. Whatever a
 * simulation is made of, its size, its faults and its schedule, comes from the same list, so one search shrinks all of it.
 */
export async function shrink(
  workload: Workload,
  found: Outcome,
  { budget = 3_000 }: ShrinkOptions = {},
): Promise<Outcome> {
  return await new Shrinker(workload, found, budget).run()
}

class Shrinker {
  readonly #workload: Workload
  readonly #rules: ReadonlySet<string>
  #best: Outcome
  #left: number

  constructor(workload: Workload, found: Outcome, budget: number) {
    this.#workload = workload
    this.#rules = new Set(found.violations.map(({ rule }) => rule))
    this.#best = { ...found, taken: trimmed(found.taken) }
    this.#left = budget
  }

  async run(): Promise<Outcome> {
    for (let size = -1; size !== weight(this.#best.taken) && this.#left > 0;) {
      size = weight(this.#best.taken)
      await this.#cutEnd()
      for (const length of [32, 8, 4, 2, 1]) await this.#delete(length)
      for (const length of [16, 4, 1]) await this.#flatten(length)
      await this.#lower()
    }
    return this.#best
  }

  async #cutEnd(): Promise<void> {
    for (let length = this.#best.taken.length >> 1; length > 0; length >>= 1) {
      while (await this.#try(this.#best.taken.slice(0, -length))) if (this.#best.taken.length <= length) break
    }
  }

  async #delete(length: number): Promise<void> {
    for (let at = this.#best.taken.length - length; at >= 0 && this.#left > 0; at -= length) {
      await this.#try(this.#best.taken.toSpliced(at, length))
      at = Math.min(at, this.#best.taken.length)
    }
  }

  async #flatten(length: number): Promise<void> {
    for (let at = 0; at < this.#best.taken.length && this.#left > 0; at += length) {
      const { taken } = this.#best
      if (taken.slice(at, at + length).every((choice) => choice === 0)) continue
      await this.#try(taken.map((choice, index) => (index >= at && index < at + length ? 0 : choice)))
    }
  }

  async #lower(): Promise<void> {
    for (let at = 0; at < this.#best.taken.length && this.#left > 0; at += 1) {
      const choice = this.#best.taken[at] ?? 0
      for (const lower of new Set([1, choice >> 1, choice - 1])) {
        if (lower > 0 && lower < choice && (await this.#try(this.#best.taken.with(at, lower)))) break
      }
    }
  }

  async #try(list: readonly number[]): Promise<boolean> {
    if (this.#left <= 0) return false
    this.#left -= 1
    const outcome = await runList(this.#workload, this.#best.seed, list)
    if (!outcome.violations.some(({ rule }) => this.#rules.has(rule))) return false
    const taken = trimmed(outcome.taken)
    if (!isPlainer(taken, this.#best.taken)) return false
    this.#best = { ...outcome, taken }
    return true
  }
}

/** Plain choices at the end need not be written down. */
function trimmed(list: readonly number[]): readonly number[] {
  return list.slice(0, list.findLastIndex((choice) => choice !== 0) + 1)
}

function weight(list: readonly number[]): number {
  return list.reduce((sum, choice) => sum + choice, list.length)
}

function isPlainer(list: readonly number[], than: readonly number[]): boolean {
  return list.length < than.length || (list.length === than.length && weight(list) < weight(than))
}
