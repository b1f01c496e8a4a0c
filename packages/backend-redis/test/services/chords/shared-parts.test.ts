import { chord as chordOf, task } from '@arpeggio/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { begin, Fleet, type FleetOptions, keyOf, MixedChord, outcome, type Side } from './fleet.ts'
import { ownServer } from './own-server.ts'

const url = await ownServer()
const sides = ['P', 'T'] as const

function fleetOf(options: FleetOptions = {}): () => Fleet {
  let fleet: Fleet | undefined
  beforeAll(async () => {
    fleet = await Fleet.start(url, options)
  })
  afterAll(() => fleet?.[Symbol.asyncDispose]())
  return () => fleet ?? expect.fail('the fleet has not started')
}

/** A chord whose last part was counted by a worker of Celery that died where it would publish the body. */
async function orphaned(fleet: Fleet, isOurs: boolean): Promise<MixedChord> {
  const chord = new MixedChord(fleet, 2)
  await (isOurs ? chord.apply() : chord.size())
  await chord.part('T', 0)
  const { id } = chord.request(1)
  const dying = fleet.peer.do({ do: 'part', chord: chord.id, id, index: 1, body: chord.body, result: 1, dies: true })
  await expect(dying).rejects.toThrow(/died/)
  return chord
}

describe.each(['shared', 'captured'] as const)('a chord that Celery began, fired %s', (firing) => {
  const fleet = fleetOf({ results: { firing } })

  it.each([0, 1, 2].flatMap((slot) => sides.map((side) => [slot, side] as const)))(
    '[R13] fails once, in words of Celery, when part %i fails on side %s',
    async (failing, side) => {
      for (const last of sides) {
        const chord = await begin(fleet(), 3)
        for (const slot of [0, 1, 2]) {
          const by: Side = slot === 2 ? last : 'T'
          await (slot === failing ? chord.failure(side, slot) : chord.part(by, slot))
        }
        const [error, ...more] = await outcome(fleet(), chord)
        const body = fleet().results.result(chord.bodyId)
        const told = error ?? (await body.get({ timeoutMs: 5_000 }).catch((reason: Error) => reason.message))
        expect(told).toMatch(
          new RegExp(`^(ChordError: )?Dependency ${chord.taskIds[failing]} raised ValueError\\('boom'\\)$`, 'u'),
        )
        expect(more).toEqual([])
      }
    },
  )

  it.each(sides)('[T-01] counts a part that is repeated here once, whoever returned it first: %s', async (first) => {
    for (const value of ['same', 'other']) {
      for (const at of [1, 2, 3]) {
        const chord = await begin(fleet(), 3)
        await chord.part(first, 0, 'same')
        if (at === 1) await chord.part('T', 0, value)
        await chord.part('T', 1, 'one')
        if (at === 2) await chord.part('T', 0, value)
        await chord.part('T', 2, 'two')
        if (at === 3) await chord.part('T', 0, value)
        expect(await outcome(fleet(), chord), `${value} at ${at}`).toEqual([[['same', 'one', 'two']]])
        expect(await fleet().left(chord)).toEqual([])
      }
    }
  })

  it('[T-01] counts the same words from a worker of Celery once', async () => {
    const chord = await begin(fleet(), 2)
    await chord.part('T', 0, { list: [1.5, 'ü', null, true], text: 'a "quote"' })
    await chord.part('P', 0, { list: [1.5, 'ü', null, true], text: 'a "quote"' })
    expect(await fleet().redis.zcard(`${keyOf(chord.id)}.j`)).toBe(1)
    await chord.part('T', 1)
    expect(await outcome(fleet(), chord)).toHaveLength(1)
  })

  it('[T-10] is not brought back by a part that returns after the end', async () => {
    const chord = await begin(fleet(), 2)
    for (const slot of [0, 1]) await chord.part('T', slot)
    for (const side of sides) await chord.part(side, 0, 'late')
    await chord.part('T', 1, 'late')
    expect(await outcome(fleet(), chord)).toEqual([[[0, 1]]])
    expect(await fleet().left(chord)).toEqual([])
  })

  it('[T-44] leaves no key without a lifetime at any moment', async () => {
    const chord = await begin(fleet(), 4)
    await fleet().results.onChordPartReturn(chord.request(0), 'SUCCESS', 0)
    await fleet().peer.do({ do: 'add', chord: chord.id, id: 'added' })
    for (const slot of [1, 2, 3]) {
      await chord.part(slot === 2 ? 'P' : 'T', slot)
      const keys = await fleet().redis.keys(`${keyOf(chord.id)}*`)
      const lives = await Promise.all(keys.map((key) => fleet().redis.ttl(key)))
      expect(keys.filter((_, at) => (lives[at] ?? 0) <= 0)).toEqual([])
    }
  })

  it('waits for a task that Celery has added', async () => {
    const chord = await begin(fleet(), 2)
    await chord.part('T', 0)
    await fleet().peer.do({ do: 'add', chord: chord.id, id: 'added' })
    await chord.part('T', 1)
    expect(await fleet().firings(chord)).toEqual([])
    const request = { ...chord.request(1), id: 'added' }
    await fleet().results.markAsDone('added', 'more', { request })
    const [args] = (await outcome(fleet(), chord)) as readonly (readonly unknown[][])[]
    expect(args?.[0]?.toSorted()).toEqual([0, 1, 'more'])
    await fleet().results.forget('added')
  })

  it('[T-08] keeps the size that it once saw when a nested group overwrites it', async () => {
    const chord = await begin(fleet(), 3)
    await chord.part('T', 0)
    await chord.size(2)
    await chord.part('T', 1)
    expect(await fleet().firings(chord)).toEqual([])
    await chord.part('T', 2)
    expect(await outcome(fleet(), chord)).toEqual([[[0, 1, 2]]])
  })

  it('[T-48] takes the values of parts whose results are ignored', async () => {
    const chord = await begin(fleet(), 2)
    const { peer, results } = fleet()
    await peer.do({
      do: 'part',
      chord: chord.id,
      id: chord.request(0).id,
      index: 0,
      body: chord.body,
      result: 'P',
      stores: false,
    })
    await results.markAsDone(chord.request(1).id, 'T', { request: { ...chord.request(1), ignoreResult: true } })
    expect(await outcome(fleet(), chord)).toEqual([[['P', 'T']]])
    expect(await results.exists(chord.request(1).id)).toBe(false)
  })

  it('[R14] gives its body lists for the groups in its header', async () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      for (const last of sides) {
        const chord = await begin(fleet(), 3)
        const [a = '', b = '', c = ''] = chord.taskIds
        await fleet().peer.do({ do: 'apply', chord: chord.id, header: [{ id: 'inner', members: [a, b] }, c] })
        for (const [at, slot] of order.entries()) await chord.part(at === 2 ? last : 'T', slot)
        expect(await outcome(fleet(), chord), `${order.join(' ')} ${last}`).toEqual([[[[0, 1], 2]]])
      }
    }
  })

  it('[T-09] records what the store holds of a part that ran again', async () => {
    const chord = await begin(fleet(), 2)
    const { id } = chord.request(0)
    await fleet().results.storeResult(id, 'stored', 'SUCCESS')
    await fleet().results.markAsFailure(id, new Error('the second run'), { request: chord.request(0) })
    await chord.part('T', 1)
    expect(await outcome(fleet(), chord)).toEqual([[['stored', 1]]])
  })
})

describe('a chord with captured firing', () => {
  const fleet = fleetOf({ results: { firing: 'captured' } })

  it('never runs early when a worker of Celery repeats a part in other words', async () => {
    const chord = await begin(fleet(), 3)
    await chord.part('T', 0, 'first')
    await chord.part('P', 0, 'again')
    await chord.part('P', 1, 'one')
    expect(await outcome(fleet(), chord)).toEqual([])
    await chord.part('P', 2, 'two')
    const [told] = (await outcome(fleet(), chord)) as readonly (readonly unknown[][])[]
    expect(told?.[0]).toHaveLength(3)
    expect(told?.[0]?.slice(1)).toEqual(['one', 'two'])
    expect(await fleet().left(chord)).toEqual([])
  })

  it('is fired after the death of the worker that counted its last part', async () => {
    await using own = await Fleet.start(url, { results: { firing: 'captured' } })
    const chord = await begin(own, 2)
    await chord.part('T', 0)
    await own.peer.do({
      do: 'part',
      chord: chord.id,
      id: chord.request(1).id,
      index: 1,
      body: chord.body,
      result: 1,
      dies: true,
    })
    await own.results.chords.sweep()
    expect(await own.firings(chord)).toEqual([{ by: 'T', args: [[0, 1]] }])
  })
})

describe('a chord with shared firing', () => {
  const grace = { firing: 'shared', chordGraceSeconds: 0.05 } as const

  it('[T-02] of ours is taken over, after a time, when the worker died that counted its last part', async () => {
    await using fleet = await Fleet.start(url, { results: grace })
    const chord = await orphaned(fleet, true)
    await fleet.results.chords.sweep()
    expect(await fleet.firings(chord)).toEqual([])
    await expect
      .poll(async () => {
        await fleet.results.chords.sweep()
        return await fleet.firings(chord)
      })
      .toEqual([{ by: 'T', args: [[0, 1]] }])
  })

  it('of Celery is reported and left alone', async () => {
    await using fleet = await Fleet.start(url, { results: grace })
    const chord = await orphaned(fleet, false)
    await expect
      .poll(async () => {
        await fleet.results.chords.sweep()
        return fleet.warnings.filter((text) => text.includes(chord.id)).length
      })
      .toBeGreaterThan(0)
    expect(await fleet.firings(chord)).toEqual([])
  })

  it('is left alone where its body has begun, whoever has left its keys', async () => {
    await using fleet = await Fleet.start(url, { results: grace })
    const chord = await orphaned(fleet, true)
    await fleet.results.markAsStarted(chord.bodyId)
    for (let look = 0; look < 3; look++) await fleet.results.chords.sweep()
    expect(await fleet.firings(chord)).toEqual([])
    expect(await fleet.left(chord)).toEqual([])
  })

  it('knows no policy and no references, which a worker of Celery would not know', async () => {
    await using fleet = await Fleet.start(url, { results: grace })
    const part = task<(value: number) => number>('part')
    const body = task<(values: unknown) => void>('body')
    for (const options of [{ policy: 'collect' }, { policy: 'failFast' }, { results: 'reference' }] as const) {
      const apply = fleet.results.apply(chordOf([part.s(1)], body as never, options))
      await expect(apply).rejects.toMatchObject({ code: 'unsupported' })
    }
  })
})

describe('parts in the order of their arrival', () => {
  it.each(['shared', 'captured'] as const)('[R12] fire once when both sides return them, fired %s', async (firing) => {
    await using fleet = await Fleet.start(url, { isOrdered: false, isOrderedHere: false, results: { firing } })
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
    ]) {
      for (const bits of [0, 1, 2, 3, 4, 5, 6, 7]) {
        const chord = await begin(fleet, 3)
        for (const slot of order) {
          const side = sides[(bits >> slot) & 1] ?? 'P'
          await chord.part(side, slot)
          if (side === 'T') await chord.part('T', slot, 'again')
        }
        const [told, ...more] = (await outcome(fleet, chord)) as readonly (readonly unknown[][])[]
        expect(told?.[0], `${order.join(' ')} ${bits}`).toEqual(order)
        expect(more).toEqual([])
        // A worker that has fired leaves what it does not know of to a look, or to its expiry.
        await fleet.results.chords.sweep()
        expect(await fleet.left(chord)).toEqual([])
      }
    }
  })

  it('are there once although a worker of Celery has repeated one', async () => {
    await using fleet = await Fleet.start(url, {
      isOrdered: false,
      isOrderedHere: false,
      results: { firing: 'captured' },
    })
    const chord = await begin(fleet, 3)
    await chord.part('T', 0)
    await chord.part('P', 1)
    await chord.part('P', 1)
    expect(await outcome(fleet, chord)).toEqual([])
    await chord.part('T', 2)
    expect(await outcome(fleet, chord)).toEqual([[[0, 1, 2]]])
  })
})
