/** Another one at every run; a failure names it, and `TEST_SEED` takes it up again. */
export const seed: number = Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

export type Chance = (below: number) => number

/** A linear congruential generator: the same numbers for the same seed. */
export function chance(from: number): Chance {
  let state = from
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

export function shuffled<Item>(items: readonly Item[], draw: Chance): readonly Item[] {
  return items
    .map((item) => ({ item, rank: draw(1_000_000) }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
