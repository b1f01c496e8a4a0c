import type { Case } from './measure.ts'

export interface Benchmark {
  readonly summary: string
  /** The first case of each is the floor that the others are compared with. */
  readonly sections: readonly {
    readonly title: string
    readonly cases: readonly Case[]
    /** At least so many, where a round is shorter than the moods of a busy machine. */
    readonly rounds?: number
  }[]
  /** What is counted once instead of being timed. */
  readonly tallies?: readonly { readonly title: string; count(): Promise<readonly Count[]> }[]
}

export interface Count {
  readonly name: string
  readonly value: number
  /** What it has to keep. */
  readonly most?: number
}
