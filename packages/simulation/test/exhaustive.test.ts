import { explore, scoped, type Scope } from '@arpeggio/simulation'
import { describe, expect, it } from 'vitest'

const pair: Scope = {
  name: 'two parts',
  bounds: { preemptions: 1, faults: 1 },
  scenario: { members: ['part', 'part'] },
}

describe('the search through all schedules', () => {
  it('comes to its end within bounds, and finds nothing', async () => {
    const explored = await explore(scoped(pair), { bounds: pair.bounds, limit: 5_000 })
    expect(explored).toMatchObject({ isComplete: true, found: undefined })
    expect(explored.schedules).toBeGreaterThan(20)
  })

  it('follows more schedules the more preemptions there may be', async () => {
    const counts: number[] = []
    for (const preemptions of [0, 1, 2]) {
      counts.push((await explore(scoped(pair), { bounds: { preemptions, faults: 0 }, limit: 5_000 })).points)
    }
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(counts[0]).toBeLessThan(counts[2] ?? 0)
  })
})
