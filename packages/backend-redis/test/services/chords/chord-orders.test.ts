import { redis } from '@arpeggio/testing'
import { describe, expect, it } from 'vitest'
import { assignments, Fleet, MixedChord, orders } from './fleet.ts'

const { url } = await redis()
const sizes = [2, 3, 4, 5]
const begun = [
  'by Celery, sized first',
  'by Celery, sized before the last part',
  'here',
  'by Celery, sized here when all parts have returned',
] as const
type Begun = (typeof begun)[number]

describe.each(['shared', 'captured'] as const)('parts that both sides return, fired %s', (firing) => {
  it.each(sizes)(
    'fire %i-part chords once, with all values in slot order, whoever returns which part when',
    async (size) => {
      await using fleet = await Fleet.start(url, { results: { firing } })
      for (const [number, order] of orders(size).entries()) {
        for (const [bits, sides] of assignments(size).entries()) {
          const how = begun[(number + bits) % begun.length] ?? 'here'
          const chord = new MixedChord(fleet, size)
          await play(fleet, chord, { how, order, sides })
          const told = `${how}, ${order.map((slot) => `${sides[slot]}${slot}`).join(' ')}`
          const firings = await fleet.firings(chord)
          const args = firings.map((fired) => fired.args)
          const values = Array.from({ length: size }, (_, slot) => slot)
          expect({ told, args, left: await fleet.left(chord) }).toEqual({ told, args: [[values]], left: [] })
        }
      }
    },
  )
})

async function play(
  fleet: Fleet,
  chord: MixedChord,
  {
    how,
    order,
    sides,
  }: { readonly how: Begun; readonly order: readonly number[]; readonly sides: readonly ('P' | 'T')[] },
): Promise<void> {
  if (how === 'here') await chord.apply()
  if (how === 'by Celery, sized first') await chord.size()
  for (const [at, slot] of order.entries()) {
    if (at === order.length - 1 && how === 'by Celery, sized before the last part') await chord.size()
    await chord.part(sides[slot] ?? 'P', slot)
  }
  if (how === 'by Celery, sized here when all parts have returned') {
    if (sides.includes('T')) await fleet.results.setChordSize(chord.id, sides.length)
    else await chord.apply()
  }
  // Where Celery counted the last part of a captured chord, nobody of us has heard of it.
  if ((await fleet.firings(chord)).length === 0) await fleet.results.chords.sweep()
}
