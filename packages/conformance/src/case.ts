import type { AbilityName } from './harness.ts'
import type { MustName } from './musts.ts'
import type { Trial } from './trial.ts'

export type Chapter =
  | 'reading'
  | 'storing'
  | 'state precedence'
  | 'expiry'
  | 'groups'
  | 'waiting'
  | 'concurrency'
  | 'life cycle'
  | 'errors'
  | 'wire'
  | 'abilities'
  | 'chords'

/** What a case asks of the harness. `policies`: chords that workers of Celery would not know how to end. */
export type HarnessFeature = 'openAnother' | 'gap' | 'policies'

/** One thing that every backend does. Data: any runner can run it, and a test can run one alone. */
export interface Case {
  readonly name: string
  readonly chapter: Chapter
  /** The abilities without which the case says nothing. They are present on the `backend` of `run`. */
  readonly needs: readonly AbilityName[]
  readonly asks: readonly HarnessFeature[]
  /** The sentences of the contract that the case is about. */
  readonly musts: readonly MustName[]
  readonly run: (trial: Trial<AbilityName>) => Promise<void>
}

export interface CaseDefinition<Ability extends AbilityName> {
  readonly needs?: readonly Ability[]
  readonly asks?: readonly HarnessFeature[]
  readonly musts?: readonly MustName[]
  readonly run: (trial: Trial<Ability>) => Promise<void>
}

/** Collects the cases of one file. */
export class ChapterCases {
  readonly #chapter: Chapter
  readonly #cases: Case[] = []

  constructor(chapter: Chapter) {
    this.#chapter = chapter
  }

  add<Ability extends AbilityName = never>(name: string, definition: CaseDefinition<Ability>): this {
    const { needs = [], asks = [], musts = [], run } = definition
    // A run is called only with the abilities that it needs, and `needs` has given it their types.
    this.#cases.push({ name, chapter: this.#chapter, needs, asks, musts, run: run as Case['run'] })
    return this
  }

  list(): readonly Case[] {
    return this.#cases
  }
}
