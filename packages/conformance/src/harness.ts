import type { Backend, ResultsOptions } from '@arpeggio/core'
import type { KillJob } from './kill-job.ts'

/** The optional members of `Backend`. */
export type AbilityName = {
  [Member in keyof Backend]-?: object extends Pick<Backend, Member> ? Member : never
}[keyof Backend]

const everyAbility: { readonly [Name in AbilityName]: Name } = {
  presence: 'presence',
  bulk: 'bulk',
  guard: 'guard',
  notifications: 'notifications',
  revision: 'revision',
  chords: 'chords',
  scan: 'scan',
  cleanup: 'cleanup',
  clock: 'clock',
  check: 'check',
}

/** Every ability there is; the compiler notices when the contract gains one. */
export const abilityNames: readonly AbilityName[] = Object.values(everyAbility)

/** Plain data, because it travels to other processes. */
export type Sharing = Pick<ResultsOptions, 'peers' | 'chordGraceSeconds'>

/** What the kit cannot do through the contract, and therefore asks of the author of a backend. */
export interface Harness {
  /** The store and its variant, such as `redis 7`; heads the report. */
  readonly name: string

  /** What the store cannot do, and why. The words are the reason printed for a skipped case. Must be the exact truth. */
  readonly lacks: Readonly<Partial<Record<AbilityName, string>>>

  /**
   * Opens a backend. Called once per case; the kit disposes it afterwards. All backends may share one store: the kit puts
   * a random prefix into every key.
   */
  open(): Promise<Backend>

  /**
   * Opens another handle on the store of `first`, from another process where that is possible.
   * Absent: cases about several processes use one handle twice, and those that need two are skipped.
   */
  openAnother?(first: Backend): Promise<Backend>

  /**
   * Does `job` on the store of `first` in another process, which is killed on the way: `killInChild` does that.
   * Absent: a handle in this process stops in the middle instead.
   */
  kill?(first: Backend, job: KillJob): Promise<void>

  /** Turns the store's clock forward. Absent: the kit waits, with short expiries. */
  advance?(seconds: number): void | Promise<void>

  /**
   * Breaks what carries the notifications of `backend`, so that changes made meanwhile are lost, calls `during`, and lets
   * the backend recover. Absent: the case about lost notifications is skipped.
   */
  gap?(backend: Backend, during: () => Promise<void>): Promise<void>

  /**
   * How chords are shared with workers of Celery, of which the kit has none: what is about chords that they know nothing of is
   * skipped then. Absent: they are not.
   */
  readonly sharing?: Sharing

  /** How long the kit waits for what is to happen soon. Default: 10,000 ms. */
  readonly patienceMs?: number

  /** How often the cases about chance repeat what they try; a fast store affords thousands. Default: 5. */
  readonly rounds?: number
}
