import assert from 'node:assert/strict'
import {
  type Backend,
  BackendError,
  chord,
  type Results,
  type Signature,
  StreamedChord,
  wrap,
  type Write,
} from '@arpeggio/core'
import { isError } from '../assertions.ts'
import { type Case, ChapterCases } from '../case.ts'
import { Chance } from '../chance.ts'
import { body, ChordStage, part, parts, succeed } from '../chord-stage.ts'

/** How a chord begins, gets its size, grows, and begins again: no part is lost between, and none is waited for in vain. */
export const chordSealing: readonly Case[] = new ChapterCases('chords')
  .add('[T-16] a header of none, one or two parts, known at once or announced, makes a chord', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      for (const size of [0, 1, 2]) {
        const expected = Array.from({ length: size }, (_, slot) => slot)
        await results.apply(chord(parts(size), body, { id: `known-${size}` }))
        await results.apply(chord(parts(size).values(), body, { id: `announced-${size}` }))
        for (const id of [`known-${size}`, `announced-${size}`]) {
          for (const [slot, message] of stage.queue.partsOf(id).entries()) await succeed(results, message, slot)
          stage.assertBody(id, expected)
          assert.deepEqual(await stage.playBody(results, id), expected)
        }
      }
    },
  })
  .add('[T-13] parts that all return before the chord has its size fire it when it gets it, and not before', {
    musts: ['reads see writes'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const [mine, theirs] = [stage.open(), await stage.openAnother()]
      for (let round = 0; round < Math.min(trial.rounds, 20); round++) {
        const id = `c-${round}`
        const announced = announce(mine, id, 3)
        await trial.eventually(() => assert.equal(stage.queue.partsOf(id).length, 3))
        for (const message of stage.queue.partsOf(id).slice(0, round % 4)) await succeed(theirs, message, 'early')
        stage.assertNoBody(id)
        const late = stage.queue.partsOf(id).slice(round % 4)
        await Promise.all([announced.end(), ...late.map((message) => succeed(theirs, message, 'late'))])
        assert.equal(stage.queue.bodiesOf(id).length, 1, `${round % 4} of 3 parts returned before the end`)
      }
    },
  })
  .add('[T-08] of two who give a chord different sizes one succeeds, and the other learns of the conflict', {
    musts: ['set is atomic'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const [mine, theirs] = [stage.open(), await stage.openAnother()]
      for (let round = 0; round < Math.min(trial.rounds, 20); round++) {
        const id = `c-${round}`
        const announced = announce(mine, id, 3)
        await trial.eventually(() => assert.equal(stage.queue.partsOf(id).length, 3))
        const sizes = [3, 2]
        const outcomes = await Promise.allSettled([mine.setChordSize(id, 3), theirs.setChordSize(id, 2)])
        const losers = outcomes.filter((outcome) => outcome.status === 'rejected')
        assert.equal(losers.length, 1)
        assert.ok(isError('conflict')(losers[0]?.reason))
        const size = sizes[outcomes.findIndex(({ status }) => status === 'fulfilled')] ?? 0
        await mine.setChordSize(id, size)
        await assert.rejects(theirs.setChordSize(id, size + 1), isError('conflict'))
        for (const message of stage.queue.partsOf(id)) await succeed(theirs, message, 1)
        stage.assertBody(
          id,
          Array.from({ length: size }, () => 1),
        )
        await announced.end().catch((error: unknown) => assert.ok(BackendError.is(error, 'conflict'), String(error)))
      }
    },
  })
  .add('[T-15] a long header is started while it is still being read', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      let pulled = 0
      let pulledAtFirst: number | undefined
      const count = 5000
      const header = function* (): Generator<Signature> {
        for (; pulled < count; pulled++) {
          if (stage.queue.messages.length > 0) pulledAtFirst ??= pulled
          yield part.s(pulled)
        }
      }
      await results.apply(chord(header(), body, { id: 'c' }))
      assert.ok((pulledAtFirst ?? count) <= 1000, `${pulledAtFirst} parts were read before the first was published`)
      assert.equal(stage.queue.partsOf('c').length, count)
      assert.equal((await results.chords.inspect('c')).size, count)
    },
  })
  .add('[T-17] a chord that is started again when it is over answers with what there is, and starts nothing', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      for (const start of [() => parts(2), () => parts(2).values()]) {
        const id = `c-${stage.queue.messages.length}`
        await results.apply(chord(start(), body, { id }))
        for (const message of stage.queue.partsOf(id)) await succeed(results, message, 'first')
        await stage.playBody(results, id)
        await Promise.all(stage.queue.partsOf(id).map((message) => results.forget(message.id)))
        const before = stage.queue.messages.length
        const operators = [stage.open(), await stage.openAnother()]
        const handles = await Promise.all(operators.map((operator) => operator.apply(chord(start(), body, { id }))))
        for (const handle of handles) {
          assert.deepEqual(await handle.get({ timeoutMs: trial.patienceMs }), ['first', 'first'])
        }
        assert.equal(stage.queue.messages.length, before)
      }
    },
  })
  .add('a chord with the id of another is refused', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.apply(chord(parts(2), body, { id: 'c' }))
      const before = stage.queue.messages.length
      const others = [
        chord(parts(3), body, { id: 'c' }),
        chord([part.s(1), part.s(0)], body, { id: 'c' }),
        chord(parts(2), part.s(), { id: 'c' }),
      ]
      for (const other of others) await assert.rejects(results.apply(other), isError('conflict'))
      const refusal = trial.sharing.peers === 'celery' ? 'unsupported' : 'conflict'
      await assert.rejects(results.apply(chord(parts(2), body, { id: 'c', policy: 'failFast' })), isError(refusal))
      assert.equal(stage.queue.messages.length, before)
      await results.apply(chord(parts(2).values(), body, { id: 'announced' }))
      const later = await stage.openAnother()
      const swapped = [part.s(1), part.s(0)].values()
      await assert.rejects(later.apply(chord(swapped, body, { id: 'announced' })), isError('conflict'))
    },
  })
  .add('a part that adds parts to its own chord, even the last, makes the chord wait for them, once', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.apply(chord(parts(2), body, { id: 'c' }))
      const [first, last] = stage.queue.partsOf('c')
      await succeed(results, first, 'first')
      for (const process of [results, await stage.openAnother()]) {
        const added = await process.chords.add('c', 'by the last', [part.s('x'), part.s('y')])
        assert.equal(added.length, 2)
      }
      await succeed(results, last, 'last')
      stage.assertNoBody('c')
      const messages = stage.queue.partsOf('c')
      assert.equal(messages.length, 4, 'the same addition twice adds once')
      for (const message of messages.slice(2)) await succeed(results, message, `added ${message.groupIndex}`)
      stage.assertBody('c', ['first', 'last', 'added 2', 'added 3'])
    },
  })
  .add('parts that are added while the last one returns are waited for, or refused', {
    musts: ['set is atomic'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const [mine, theirs] = [stage.open(), await stage.openAnother()]
      for (let round = 0; round < Math.min(trial.rounds, 500); round++) {
        const id = `c-${round}`
        await mine.apply(chord(parts(2), body, { id }))
        const [first, last] = stage.queue.partsOf(id)
        await succeed(mine, first, 'first')
        const [adding] = await Promise.allSettled([
          theirs.chords.add(id, 'more', [part.s('more')]),
          succeed(mine, last, 'last'),
        ])
        if (adding.status === 'rejected') {
          assert.ok(isError('conflict')(adding.reason), String(adding.reason))
          stage.assertBody(id, ['first', 'last'])
        } else {
          stage.assertNoBody(id)
          await succeed(mine, stage.queue.partsOf(id)[2], 'more')
          stage.assertBody(id, ['first', 'last', 'more'])
        }
      }
    },
  })
  .add('parts that are added at any time to a chord of any size are all waited for, and none that is not there', {
    async run(trial) {
      await using stage = new ChordStage(trial, { results: { chordFanOut: 2 } })
      const processes = [stage.open(), await stage.openAnother()]
      for (let seed = 0; seed < Math.min(trial.rounds * 2, 200); seed++) {
        const chance = new Chance(seed)
        const id = `c-${seed}`
        const results = processes[seed % 2] ?? assert.fail('no process')
        await results.apply(chord(parts(1 + chance.below(8)), body, { id }))
        const done = new Set<number>()
        for (let adds = 0; stage.queue.bodiesOf(id).length === 0;) {
          const open = stage.queue.partsOf(id).filter(({ groupIndex = -1 }) => !done.has(groupIndex))
          assert.ok(open.length > 0, `seed ${seed}: all ${done.size} parts have returned, and nothing has come of it`)
          if (adds < 3 && chance.below(4) === 0) await results.chords.add(id, `${adds++}`, parts(1 + chance.below(3)))
          const next = open[chance.below(open.length)]
          await succeed(results, next, next?.groupIndex)
          done.add(next?.groupIndex ?? -1)
        }
        const all = stage.queue.partsOf(id).map((_, slot) => slot)
        assert.equal(done.size, all.length, `seed ${seed}: fired before all had returned`)
        stage.assertBody(id, all)
      }
    },
  })
  .add('a chord that is over takes no more parts, so that no body can add to its own header for ever', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.apply(chord(parts(1), body, { id: 'c' }))
      const [only] = stage.queue.partsOf('c')
      await succeed(results, only, 1)
      const before = stage.queue.messages.length
      await assert.rejects(results.chords.add('c', 'late', [part.s('late')]), isError('conflict'))
      await assert.rejects(results.addToChord('c', 'late', ['late']), isError('conflict'))
      assert.equal(stage.queue.messages.length, before)
      stage.assertBody('c', [1])
    },
  })
  .add('a chord that nobody knows cannot be looked at, sealed, added to or cancelled', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const attempts = [
        results.chords.inspect('none'),
        results.setChordSize('none', 1),
        results.chords.add('none', 'more', [part.s(1)]),
        results.chords.cancel('none'),
      ]
      await Promise.all(attempts.map((attempt) => assert.rejects(attempt, isError('not-found'))))
    },
  })
  .add(
    '[T-18] a chord of chords sends messages that do not grow with its depth, and writes as much for each of its chords',
    {
      async run(trial) {
        await using stage = new ChordStage(trial)
        const costs: Cost[] = []
        for (const depth of [2, 6]) costs.push(await costOf(stage, trial.backend, depth))
        const [small, large] = costs
        assert.ok(small && large)
        assert.ok(large.longestMessage < 1.2 * small.longestMessage, JSON.stringify(costs))
        assert.ok(large.recordLength <= 1.2 * small.recordLength, JSON.stringify(costs))
        assert.ok(large.writes <= 6, `${large.writes} writes for each chord`)
      },
    },
  )
  .list()

interface Announced {
  /** The header ends; resolves when the chord is sealed. */
  readonly end: () => Promise<unknown>
}

/** Announces so many parts, and does not say yet that there are no more. */
function announce(results: Results, id: string, count: number): Announced {
  const gate = Promise.withResolvers<void>()
  const header = async function* (): AsyncGenerator<Signature> {
    yield* parts(count)
    await gate.promise
  }
  const applied = results.apply(new StreamedChord(header(), body.s(), { id }))
  applied.catch(() => undefined) // seen by whoever ends it
  return {
    end: () => {
      gate.resolve()
      return applied
    },
  }
}

function nested(depth: number): Signature {
  if (depth === 0) return part.s(0)
  return chord([nested(depth - 1), nested(depth - 1)], body)
}

interface Cost {
  readonly longestMessage: number
  /** For each chord. */
  readonly recordLength: number
  readonly writes: number
}

async function costOf(stage: ChordStage, backend: Backend, depth: number): Promise<Cost> {
  let [writes, recordLength] = [0, 0]
  const count = (write: Write): void => {
    writes++
    if (write.key.includes('arpeggio-chord-r:')) recordLength += write.value.length
  }
  const counting = wrap(backend, {
    bulk: undefined,
    set: (write, options) => {
      count(write)
      return backend.set(write, options)
    },
  })
  const before = stage.queue.messages.length
  await stage.open(counting).apply(nested(depth))
  const messages = stage.queue.messages.slice(before)
  assert.equal(messages.length, 2 ** depth)
  const chords = 2 ** depth - 1
  const longestMessage = Math.max(...messages.map((message) => JSON.stringify(message).length))
  return { longestMessage, recordLength: recordLength / chords, writes: writes / chords }
}
