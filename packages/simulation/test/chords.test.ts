import { chords, findMutants, runList, runSeed, shrink, traceOf, workloads } from '@arpeggio/simulation'
import { describe, expect, it } from 'vitest'

describe('chords under faults', () => {
  it('keep their promises in a few hundred schedules', async () => {
    const broken: string[] = []
    for (let seed = 1; seed <= 200; seed += 1) {
      const { violations } = await runSeed(chords, seed)
      broken.push(...violations.map(({ rule, detail }) => `${seed}: ${rule}: ${detail}`))
    }
    expect(broken).toEqual([])
  })

  it('are simulated alike from the same seed, to the letter', async () => {
    for (const seed of [3, 33, 333]) {
      const { taken } = await runSeed(chords, seed)
      const first = await traceOf(chords, seed, taken)
      expect(await traceOf(chords, seed, taken)).toEqual(first)
      expect(first.length).toBeGreaterThan(20)
    }
  })

  it('are plainer the shorter the list of choices is', async () => {
    const plainest = await runList(chords, 1, [])
    expect(plainest.violations).toEqual([])
    expect(plainest.steps).toBeLessThan((await runSeed(chords, 1)).steps + 100)
  })
})

describe('a planted bug', () => {
  it('is found by random schedules', async () => {
    const options = { chords: 500, seed: 1, workers: 1, workload: 'chords', only: ['cleanup-before-settle'] }
    expect(await findMutants(options)).toBe(0)
  })
})

describe('the workloads', () => {
  it('have the names that the command line knows', () => {
    expect([...workloads.keys()]).toEqual(['chords', 'claims', 'latecomers', 'precedence'])
  })
})

describe('shrinking', () => {
  it('leaves what breaks nothing as it is', async () => {
    const found = await runSeed(chords, 5)
    expect((await shrink(chords, found, { budget: 20 })).violations).toEqual([])
  })
})
