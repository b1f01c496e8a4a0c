import { redis } from '@arpeggio/testing'
import { describe, expect, it } from 'vitest'
import { CeleryPeer } from './celery-peer.ts'
import { type Firing, Fleet, MixedChord, type Side } from './fleet.ts'

const { url } = await redis()
const rounds = 1_000

type Racer = { readonly side: Side; readonly slot: number; readonly value?: unknown }

/** Several processes return parts at the same moment, after one of ours; some of them the same part. */
const races: Readonly<Record<string, readonly Racer[]>> = {
  'the last two parts, one on each side': [
    { side: 'P', slot: 1 },
    { side: 'T', slot: 2 },
  ],
  'the last two parts here': [
    { side: 'T', slot: 1 },
    { side: 'T', slot: 2 },
  ],
  'the same last part on both sides': [
    { side: 'T', slot: 1 },
    { side: 'P', slot: 2 },
    { side: 'T', slot: 2 },
  ],
  'the same last part on both sides, with other values': [
    { side: 'T', slot: 1 },
    { side: 'P', slot: 2, value: 'theirs' },
    { side: 'T', slot: 2, value: 'ours' },
  ],
}

describe.each(['shared', 'captured'] as const)('[T-04] parts that race, fired %s', (firing) => {
  it.each(Object.keys(races))(`%s fire the body once in ${rounds} rounds`, async (race) => {
    await using fleet = await Fleet.start(url, { results: { firing } })
    const another = fleet.open()
    const wrong: unknown[] = []
    for (let round = 0; round < rounds; round++) {
      const chord = new MixedChord(fleet, 3)
      await chord.size()
      await chord.part('T', 0)
      const racers = races[race] ?? []
      await Promise.all(
        racers.map(({ side, slot, value = slot }, at) =>
          chord.part(side, slot, value, at % 2 === 0 ? another : undefined),
        ),
      )
      if ((await fleet.firings(chord)).length === 0) await fleet.results.chords.sweep()
      const firings = await fleet.firings(chord)
      if (!areRight(firings)) wrong.push({ round, firings })
    }
    expect(wrong).toEqual([])
  })
})

it('[T-04] a last part that two workers of Celery return at once fires a captured chord once', async () => {
  await using fleet = await Fleet.start(url, { results: { firing: 'captured' } })
  await using second = await CeleryPeer.start(url)
  for (let round = 0; round < 300; round++) {
    const chord = new MixedChord(fleet, 2)
    await chord.size()
    await chord.part('T', 0)
    const { id } = chord.request(1)
    const order = { do: 'part', chord: chord.id, id, index: 1, body: chord.body, result: 1 } as const
    await Promise.all([fleet.peer.do(order), second.do(order)])
    await fleet.results.chords.sweep()
    expect(await fleet.firings(chord)).toEqual([{ by: 'T', args: [[0, 1]] }])
  }
})

/** Whichever value of a repeated part came first. */
function areRight(firings: readonly Firing[]): boolean {
  const [values] = (firings[0]?.args ?? []) as readonly (readonly unknown[])[]
  return firings.length === 1 && values?.length === 3 && values[0] === 0 && values[1] === 1
}
