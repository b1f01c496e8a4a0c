import { describe, expect, it } from 'vitest'
import { chance, seed, shuffled } from '../chance.ts'
import { isFull } from '../test-size.ts'
import { assignments, Fleet, MixedChord, orders, type Side } from './fleet.ts'
import { celeryAt, ownServer } from './own-server.ts'

const url = await ownServer()
const peer = await celeryAt(url)

const begun = [
  'by Celery, sized first',
  'by Celery, sized before the last part',
  'here',
  'by Celery, sized here when all parts have returned',
] as const
type Begun = (typeof begun)[number]

interface Play {
  readonly how: Begun
  readonly order: readonly number[]
  readonly sides: readonly Side[]
}

/** Of five parts there are 3,840 ways: so many of them in an ordinary run. */
const sampled = 128
/** So many chords are under way at the same time. */
const together = 64

describe.each(['shared', 'captured'] as const)('[T-47] parts that both sides return, fired %s', (firing) => {
  it.each([2, 3, 4, 5])(
    'fire %i-part chords once, with all values in slot order, whoever returns which part when',
    async (size) => {
      await using fleet = await Fleet.start(url, { peer, results: { firing } })
      const plays = playsOf(size)
      for (let from = 0; from < plays.length; from += together) {
        const played = await playAll(fleet, plays.slice(from, from + together))
        expect(played).toEqual(
          played.map(({ told, sides }) => ({ told, sides, args: [[[...sides.keys()]]], left: [] })),
        )
      }
    },
  )
})

function playsOf(size: number): readonly Play[] {
  const all = orders(size).flatMap((order, number) =>
    assignments(size).map((sides, bits): Play => ({
      how: begun[(number + bits) % begun.length] ?? 'here',
      order,
      sides,
    })),
  )
  return isFull || all.length <= 384 ? all : shuffled(all, chance(seed)).slice(0, sampled)
}

interface Played extends Pick<Play, 'sides'> {
  readonly told: string
  /** What its body was called with, each time. */
  readonly args: readonly unknown[]
  readonly left: readonly string[]
}

/** The parts of each chord one after the other, the chords side by side. */
async function playAll(fleet: Fleet, plays: readonly Play[]): Promise<readonly Played[]> {
  const chords = await Promise.all(plays.map((play) => playOne(fleet, play)))
  // Where Celery counted the last part of a captured chord, nobody of us has heard of it. All others are over.
  await fleet.results.chords.sweep()
  return await Promise.all(
    chords.map(async ({ chord, how, order, sides }) => {
      const told = `seed ${seed}: ${how}, ${order.map((slot) => `${sides[slot]}${slot}`).join(' ')}`
      const args = (await fleet.firings(chord)).map((fired) => fired.args)
      return { told, sides, args, left: await fleet.left(chord) }
    }),
  )
}

async function playOne(fleet: Fleet, play: Play): Promise<Play & { readonly chord: MixedChord }> {
  const { how, order, sides } = play
  const chord = new MixedChord(fleet, sides.length)
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
  return { ...play, chord }
}
