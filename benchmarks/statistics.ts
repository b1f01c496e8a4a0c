/** A median, and the interval that holds the true one with 95 % probability. */
export interface Estimate {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** By order statistics, which assume nothing about how the samples are distributed. Needs at least nine samples. */
export function estimate(samples: readonly number[]): Estimate {
  const sorted = samples.toSorted((a, b) => a - b)
  const rank = lowRank(sorted.length)
  return { median: medianOf(sorted), low: at(sorted, rank), high: at(sorted, sorted.length - 1 - rank) }
}

/** How many times as long as the floor, taken round by round. */
export function ratio(samples: readonly number[], floor: readonly number[]): Estimate {
  return estimate(samples.map((sample, round) => sample / at(floor, round)))
}

/** The one in the middle, however few there are. */
export function median(samples: readonly number[]): number {
  return medianOf(samples.toSorted((a, b) => a - b))
}

function medianOf(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2
  return (at(sorted, Math.floor(middle)) + at(sorted, Math.ceil(middle))) / 2
}

/** The highest index whose interval to its mirror image still covers the median in 95 of 100 cases. */
function lowRank(count: number): number {
  let rank = 0
  let outside = 2 * 0.5 ** count // both tails: the chance that all samples lie on one side of the median
  let term = 0.5 ** count
  for (;;) {
    term = (term * (count - rank)) / (rank + 1)
    outside += 2 * term
    if (outside > 0.05) return rank
    rank += 1
  }
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? Number.NaN
}
