import { randomOf, type Random } from './random.ts'

/** What a choice decides, which bounds how often the exhaustive mode takes another than the plain one. */
export type ChoiceKind =
  /** Which of the things that could go on goes on, although the one before could. */
  | 'preempt'
  /** Whether something breaks. */
  | 'fault'
  /** Anything else. */
  | 'free'

export interface ChoiceOptions {
  /** The probability that the plain possibility, 0, is taken before chance decides among all. Default: 0. */
  readonly plain?: number
  /** Default: `free`. */
  readonly kind?: ChoiceKind
}

export interface Choice {
  readonly taken: number
  readonly count: number
  readonly kind: ChoiceKind
}

/**
 * Where every decision of a simulation comes from. Possibility 0 is always the plain one: no fault, no switch, the
 * smallest. So any list of numbers is a simulation, and a list with more zeros, or a shorter one, is a plainer simulation.
 */
export class Choices {
  readonly log: Choice[] = []
  /** While set, everything is plain and nothing is written down. */
  isPlain = false
  /** Asked at every step of a search through all schedules whether that point is known, by its name. */
  isKnown: ((name: number) => boolean) | undefined
  /** Chance that changes nothing that matters, such as the length of a pause: not part of the list. */
  readonly noise: Random
  readonly #next: (count: number, plain: number) => number

  constructor(seed: number, next: (count: number, plain: number) => number) {
    this.noise = randomOf(seed ^ 0x5bd1_e995)
    this.#next = next
  }

  static random(seed: number): Choices {
    const random = randomOf(seed)
    return new Choices(seed, (count, plain) => (plain > 0 && random() < plain ? 0 : Math.floor(random() * count)))
  }

  /** Takes what the list says, and the plain possibility after its end. */
  static replay(seed: number, list: readonly number[]): Choices {
    let at = 0
    return new Choices(seed, (count) => Math.min(list[at++] ?? 0, count - 1))
  }

  get taken(): readonly number[] {
    return this.log.map(({ taken }) => taken)
  }

  /** One of `count` possibilities, by its place. */
  pick(count: number, { plain = 0, kind = 'free' }: ChoiceOptions = {}): number {
    if (count <= 1 || this.isPlain) return 0
    const taken = this.#next(count, plain)
    this.log.push({ taken, count, kind })
    return taken
  }

  of<Item>(items: readonly Item[], options?: ChoiceOptions): Item {
    const item = items[this.pick(items.length, options)]
    if (item === undefined) throw new RangeError('there is nothing to choose from')
    return item
  }

  /** True with this probability. */
  chance(probability: number, kind: ChoiceKind = 'free'): boolean {
    if (probability <= 0) return false
    return this.pick(2, { plain: Math.max(0, 1 - 2 * probability), kind }) === 1
  }
}
