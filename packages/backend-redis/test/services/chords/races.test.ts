import { describe, expect, it } from 'vitest'
import { isFull } from '../test-size.ts'
import { CeleryPeer } from './celery-peer.ts'
import { type Firing, Fleet, MixedChord, type Side } from './fleet.ts'
import { celeryAt, ownServer } from './own-server.ts'

const url = await ownServer()
const peer = await celeryAt(url)

const rounds = isFull ? 1_000 : 200
/** So many chords are prepared, and judged, at the same time. */
const together = 100

interface Race {
  /** How many parts have returned here before. */
  readonly before: number
  readonly racers: readonly Racer[]
}

interface Racer {
  readonly side: Side
  readonly slot: number
  readonly value?: unknown
}

/** Several processes return parts at the same moment, after some of ours; some of them the same part. */
const races: Readonly<Record<string, Race>> = {
  'the last two parts, one on each side': {
    before: 1,
    racers: [
      { side: 'P', slot: 1 },
      { side: 'T', slot: 2 },
    ],
  },
  'the last two parts here': {
    before: 1,
    racers: [
      { side: 'T', slot: 1 },
      { side: 'T', slot: 2 },
    ],
  },
  'the last two parts here, and one of them on the other side': {
    before: 1,
    racers: [
      { side: 'T', slot: 1 },
      { side: 'P', slot: 2 },
      { side: 'T', slot: 2 },
    ],
  },
  // With another part to come Celery would count both values, and fire early.
  'the same last part on both sides, with other values': {
    before: 2,
    racers: [
      { side: 'P', slot: 2, value: 'theirs' },
      { side: 'T', slot: 2, value: 'ours' },
    ],
  },
}

describe.each(['shared', 'captured'] as const)('[T-04] parts that race, fired %s', (firing) => {
  it.each(Object.entries(races))(`%s fire the body once in ${rounds} rounds`, async (_, { before, racers }) => {
    await using fleet = await Fleet.start(url, { peer, results: { firing } })
    const another = fleet.open()
    const ours = racers.filter(({ side }) => side === 'T')
    const theirs = racers.filter(({ side }) => side === 'P')
    const wrong: unknown[] = []
    for (let round = 0; round < rounds; round += together) {
      const chords = await begin(fleet, 3, before)
      await atTheSameTime(
        chords,
        async (chord) => {
          for (const { slot, value = slot } of theirs) await chord.part('P', slot, value)
        },
        async (chord) => {
          await Promise.all(
            ours.map(({ slot, value = slot }, at) => chord.part('T', slot, value, at % 2 === 0 ? another : undefined)),
          )
        },
      )
      const all = await firingsOf(fleet, chords)
      wrong.push(...all.filter((firings) => !areRight(firings)))
    }
    expect(wrong).toEqual([])
  })
})

it('[T-04] a last part that two workers of Celery return at once fires a captured chord once', async () => {
  await using fleet = await Fleet.start(url, { peer, results: { firing: 'captured' } })
  await using second = await CeleryPeer.start(url)
  for (let round = 0; round < rounds; round += together) {
    const chords = await begin(fleet, 2, 1)
    await atTheSameTime(
      chords,
      (chord) => lastPart(chord, fleet.peer),
      (chord) => lastPart(chord, second),
    )
    const once = [{ by: 'T', args: [[0, 1]] }]
    expect(await firingsOf(fleet, chords)).toEqual(chords.map(() => once))
  }
})

async function lastPart(chord: MixedChord, peer: CeleryPeer): Promise<void> {
  const { id } = chord.request(1)
  await peer.do({ do: 'part', chord: chord.id, id, index: 1, body: chord.body, result: 1 })
}

/** Chords that Celery began, and whose first parts have returned here. */
function begin(fleet: Fleet, size: number, returned: number): Promise<readonly MixedChord[]> {
  const chords = Array.from({ length: together }, () => new MixedChord(fleet, size))
  return Promise.all(
    chords.map(async (chord) => {
      await chord.size()
      for (let slot = 0; slot < returned; slot++) await chord.part('T', slot)
      return chord
    }),
  )
}

/**
 * A worker of Celery gets what it shall do with all chords in one go and does it one after the other: when it has said that
 * it is done with one it has begun with the next, and that is when the others do theirs with that.
 */
async function atTheSameTime(
  chords: readonly MixedChord[],
  queued: (chord: MixedChord) => Promise<void>,
  atOnce: (chord: MixedChord) => Promise<void>,
): Promise<void> {
  const all: Promise<void>[] = []
  let before = Promise.resolve()
  for (const chord of chords) {
    all.push(before.then(() => atOnce(chord)))
    before = queued(chord)
    all.push(before)
  }
  await Promise.all(all)
}

/** All that chords came to, also where only a sweep finds it. */
async function firingsOf(fleet: Fleet, chords: readonly MixedChord[]): Promise<readonly (readonly Firing[])[]> {
  await fleet.results.chords.sweep()
  return await Promise.all(chords.map((chord) => fleet.firings(chord)))
}

/** Whichever value of a repeated part came first. */
function areRight(firings: readonly Firing[]): boolean {
  const [values] = (firings[0]?.args ?? []) as readonly (readonly unknown[])[]
  return firings.length === 1 && values?.length === 3 && values[0] === 0 && values[1] === 1
}
