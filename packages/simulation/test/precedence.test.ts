import { wrap, type Backend } from '@arpeggio/core'
import { precedence, runList, runSeed, shrink, traceOf, type Outcome, type Workload } from '@arpeggio/simulation'
import { describe, expect, it } from 'vitest'

describe('results under faults', () => {
  it('keep the precedence of states in a thousand schedules', async () => {
    const violations = []
    for (let seed = 1; seed <= 1_000; seed += 1) violations.push(...(await runSeed(precedence(), seed)).violations)
    expect(violations).toEqual([])
  })

  it('are simulated alike from the same seed', async () => {
    for (const seed of [7, 70, 700]) {
      const { taken } = await runSeed(precedence(), seed)
      const [first, second] = [await traceOf(precedence(), seed, taken), await traceOf(precedence(), seed, taken)]
      expect(withoutDates(first)).toEqual(withoutDates(second))
      expect(first.length).toBeGreaterThan(2)
    }
  })
})

describe('a store that forgets its conditions', () => {
  const unconditional = precedence((backend: Backend) =>
    wrap(backend, {
      guard: undefined,
      set: ({ key, value }) => backend.set({ key, value, expiresInSeconds: 60 }),
      bulk: undefined,
    }),
  )

  it('is found, and the seed shrinks to a trace that fits on a screen', async () => {
    const found = await findViolation(unconditional)
    const shrunk = await shrink(unconditional, found)
    expect((await runList(unconditional, found.seed, shrunk.taken)).violations).toEqual(shrunk.violations)
    expect((await traceOf(unconditional, found.seed, shrunk.taken)).length).toBeLessThan(20)
  })
})

async function findViolation(workload: Workload): Promise<Outcome> {
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const outcome = await runSeed(workload, seed)
    if (outcome.violations.length > 0) return outcome
  }
  throw new Error('no seed finds it')
}

/** The time at which a result was made is the machine's. */
function withoutDates(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/"date_done": ?"[^"]*"/gu, ''))
}
