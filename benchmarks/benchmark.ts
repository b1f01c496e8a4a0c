import type { Case } from './measure.ts'

export interface Benchmark {
  readonly summary: string
  /** The first case of each is the floor that the others are compared with. */
  readonly sections: readonly { readonly title: string; readonly cases: readonly Case[] }[]
}
