import { chord as chordOf, type Settled, task } from '@arpeggio/core'
import { CELERY_VERSIONS } from '@arpeggio/testing'
import { describe, expect, it } from 'vitest'
import { begin, Fleet, keyOf, MixedChord, outcome } from './fleet.ts'
import { ownServer } from './own-server.ts'

const url = await ownServer()

describe('captured chords', () => {
  it.each(CELERY_VERSIONS)('are fired here alone, whatever Celery %s counts', async (version) => {
    await using fleet = await Fleet.start(url, { version, results: { firing: 'captured' } })
    for (const last of [0, 1, 2]) {
      const chord = await begin(fleet, 3)
      await chord.part('T', last)
      for (const slot of [0, 1, 2]) if (slot !== last) await chord.part('P', slot)
      await chord.part('P', 0, 'again')
      expect(await fleet.firings(chord)).toEqual([])
      expect(await outcome(fleet, chord)).toHaveLength(1)
    }
  })

  const captured = { firing: 'captured' } as const

  it('are fired soon where a worker of Celery returns the last part', async () => {
    await using fleet = await Fleet.start(url, { results: { ...captured, sweepSeconds: 3_600 } })
    const chord = await begin(fleet, 2)
    await chord.part('T', 0)
    await chord.part('P', 1)
    await expect.poll(() => fleet.firings(chord)).toEqual([{ by: 'T', args: [[0, 1]] }])
  })

  it('are given back to workers of Celery, but for those that are complete', async () => {
    await using fleet = await Fleet.start(url, { results: captured })
    const [back, complete] = [await begin(fleet, 2), await begin(fleet, 2)]
    for (const chord of [back, complete]) await chord.part('T', 0)
    await complete.part('P', 1)
    expect(await fleet.results.chords.release()).toBeGreaterThan(0)
    await back.part('P', 1)
    expect(await fleet.firings(back)).toEqual([{ by: 'P', args: [[0, 1]] }])
    expect(await outcome(fleet, complete)).toEqual([[[0, 1]]])
  })
})

describe('captured chords whose process ends', () => {
  const options = { firing: 'captured', sweepSeconds: 3_600 } as const
  it('stay captured as long as another looks after them, and go back to workers of Celery with the last', async () => {
    await using fleet = await Fleet.start(url, { results: options })
    const another = fleet.open()
    const [chord, other] = [await begin(fleet, 2), await begin(fleet, 2)]
    await chord.part('T', 0)
    await other.part('T', 0, 0, another)
    await another.close()
    expect(await tOf(fleet, chord)).toBe(2 ** 40)
    await fleet.results.close()
    expect(await tOf(fleet, chord)).toBe(0)
    await chord.part('P', 1)
    expect(await fleet.firings(chord)).toEqual([{ by: 'P', args: [[0, 1]] }])
  })

  it('wait for the next where they ask for what no worker of Celery knows', async () => {
    await using fleet = await Fleet.start(url, { results: options })
    const part = task<(value: number) => number>('part')
    const body = task<(values: readonly Settled<number>[]) => void>('body')
    const policies = chordOf([part.s(1), part.s(2)], body, { id: 'collecting', policy: 'collect' })
    await fleet.results.apply(policies)
    expect(await fleet.results.chords.release()).toBe(0)
    await fleet.results.close()
    expect(await fleet.redis.get(`${keyOf('collecting')}.t`)).toBe(String(2 ** 40))
  })
})

async function tOf(fleet: Fleet, { id }: MixedChord): Promise<number> {
  return Number(await fleet.redis.get(`${keyOf(id)}.t`))
}
