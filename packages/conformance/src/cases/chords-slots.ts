import assert from 'node:assert/strict'
import { chord, executeTask, task, type TaskMessage, type Results } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { Chance } from '../chance.ts'
import { body, ChordStage, fail, keysOf, part, parts, succeed } from '../chord-stage.ts'

/** That a slot is filled once, by whom it belongs to, and that the chord fires when all are filled and not before. */
export const chordSlots: readonly Case[] = new ChapterCases('chords')
  .add(
    '[T-01] parts that return once or several times, with equal or other values, in any order, fire the body once with the first values',
    {
      async run(trial) {
        await using stage = new ChordStage(trial)
        const processes = [stage.open(), await stage.openAnother()]
        for (let round = 0; round < trial.rounds; round++) {
          const chance = new Chance(round)
          const id = `c-${round}`
          await pick(processes, 0).apply(chord(parts(3), body, { id }))
          const messages = stage.queue.partsOf(id)
          const first = new Map<number, unknown>()
          for (const slot of deliveries(chance)) {
            const value = chance.below(2) === 0 ? 'same' : `run ${chance.below(1000)}`
            const isOver = first.size === 3
            const expected = isOver ? 'late' : first.has(slot) ? 'duplicate' : 'recorded'
            if (!first.has(slot)) first.set(slot, value)
            const outcome = await returned(pick(processes, chance.below(2)), messages[slot], value)
            assert.equal(outcome, expected, `seed ${chance.seed}`)
            assert.equal(stage.queue.bodiesOf(id).length, first.size === 3 ? 1 : 0, `seed ${chance.seed}`)
          }
          stage.assertBody(id, [first.get(0), first.get(1), first.get(2)])
        }
      },
    },
  )
  .add('[T-04] of two workers that finish the last two parts at the same instant, one fires the body', {
    musts: ['reads see writes'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const [mine, theirs] = [stage.open(), await stage.openAnother()]
      for (let round = 0; round < Math.min(trial.rounds, 300); round++) {
        const id = `c-${round}`
        await mine.apply(chord(parts(2), body, { id }))
        const [left, right] = stage.queue.partsOf(id)
        await Promise.all([succeed(mine, left, 'left'), succeed(theirs, right, 'right')])
        stage.assertBody(id, ['left', 'right'])
      }
    },
  })
  .add(
    '[T-04] many clients that finish parts at once, a tenth of them twice, fire the body once, with every value in its slot',
    {
      musts: ['concurrent calls'],
      async run(trial) {
        await using stage = new ChordStage(trial)
        const processes = [stage.open(), await stage.openAnother()]
        const count = Math.min(50 * trial.rounds, 1000)
        await pick(processes, 0).apply(chord(parts(count), body, { id: 'c' }))
        const chance = new Chance(1)
        const messages = stage.queue.partsOf('c')
        const twice = messages.filter((_, slot) => slot % 10 === 0)
        const deliveries = chance.shuffled([...messages, ...twice])
        await Promise.all(
          deliveries.map((message, index) => succeed(pick(processes, index), message, `of slot ${message.groupIndex}`)),
        )
        stage.assertBody(
          'c',
          messages.map((_, slot) => `of slot ${slot}`),
        )
      },
    },
  )
  .add('a part that succeeded and is then said to have failed has succeeded, and the other way round has failed', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.apply(chord(parts(2), body, { id: 'good' }))
      const [first, second] = stage.queue.partsOf('good')
      await succeed(results, first, 1)
      await fail(results, first)
      await succeed(results, second, 2)
      stage.assertBody('good', [1, 2])
      const failed = await results.apply(chord(parts(2), body, { id: 'bad' }))
      const [third, fourth] = stage.queue.partsOf('bad')
      await fail(results, third, 'broken first')
      await succeed(results, third, 3)
      await succeed(results, fourth, 4)
      await assert.rejects(stage.outcome(failed.id), /broken first/)
      stage.assertNoBody('bad')
    },
  })
  .add('[T-10] a part that returns after the end publishes nothing, and leaves nothing that would stay', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.apply(chord(parts(4), body, { id: 'c' }))
      const messages = stage.queue.partsOf('c')
      for (const [slot, message] of messages.entries()) await succeed(results, message, slot)
      stage.assertBody('c', [0, 1, 2, 3])
      const before = await keysOf(trial)
      for (const message of messages) await succeed(results, message, 'late')
      for (const message of messages) assert.equal(await returned(results, message, 'late'), 'late')
      await results.chords.sweep()
      stage.assertBody('c', [0, 1, 2, 3])
      assert.deepEqual(await keysOf(trial), before)
    },
  })
  .add('everything that a chord leaves has an expiry, also when results are kept for ever', {
    needs: ['scan'],
    async run(trial) {
      await using stage = new ChordStage(trial, { results: { expiresInSeconds: null } })
      const results = stage.open()
      await results.apply(chord(parts(5), body, { id: 'open' }))
      const [first] = stage.queue.partsOf('open')
      await succeed(results, first, 'x'.repeat(10_000))
      await results.apply(chord(parts(2), body, { id: 'over' }))
      for (const message of stage.queue.partsOf('over')) await succeed(results, message, 1)
      stage.assertBody('over', [1, 1])
      const keys = (await keysOf(trial)).filter((key) => !key.includes('celery-task-meta-'))
      assert.ok(keys.length >= 5, 'records, a part or two, the ids of the header, the list of chords')
      const { backend } = trial
      const witness = trial.key('witness')
      await backend.set({ key: witness, value: 'one', expiresInSeconds: 1000 })
      const isTold = (await backend.get(witness))?.expiresAt !== undefined
      for (const key of isTold ? keys : []) assert.ok((await backend.get(key))?.expiresAt, `${key} has an expiry`)
    },
  })
  .add('[T-11] a part whose result was there before the chord was applied is not run, and counts', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.markAsDone('known', 'from before')
      const header = [part.s(0).set({ taskId: 'known' }), part.s(1)]
      await results.apply(chord(header, body, { id: 'c' }))
      await results.apply(chord(header, body, { id: 'c' }))
      const [known, other] = [0, 1].map((slot) => stage.queue.messages.find(({ groupIndex }) => groupIndex === slot))
      if (known !== undefined) await executeTask(part, { ...known, deliveryInfo: { redelivered: true } }, results)
      await succeed(results, other, 1)
      await results.chords.sweep()
      stage.assertBody('c', ['from before', 1])
    },
  })
  .add('[T-11] a task in two slots fills both', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const twin = part.s(0).set({ taskId: 'twin' })
      await results.apply(chord([twin, twin], body, { id: 'c' }))
      for (const message of stage.queue.partsOf('c')) await succeed(results, message, 'one result')
      await results.chords.sweep()
      stage.assertBody('c', ['one result', 'one result'])
    },
  })
  .add('a part that another task returns in the place of is a conflict and changes nothing', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.apply(chord(parts(2), body, { id: 'c' }))
      const [first, second] = stage.queue.partsOf('c')
      await succeed(results, first, 'mine')
      const impostor = first && { ...first, id: 'somebody else' }
      assert.equal(await returned(results, impostor, 'theirs'), 'conflict')
      await succeed(results, second, 'other')
      stage.assertBody('c', ['mine', 'other'])
    },
  })
  .add(
    '[T-09] a part that was stored but not told to its chord is told when it is delivered again, without another run',
    {
      async run(trial) {
        await using stage = new ChordStage(trial)
        const results = stage.open()
        let runs = 0
        const counted = task('kit.counted', () => ++runs)
        await results.apply(chord([counted.s()], body, { id: 'c' }))
        const [message] = stage.queue.partsOf('c')
        assert.ok(message)
        await results.storeResult(message.id, 'stored', 'SUCCESS')
        await executeTask(counted, { ...message, deliveryInfo: { redelivered: true } }, results)
        assert.equal(runs, 0)
        stage.assertBody('c', ['stored'])
      },
    },
  )
  .add('[T-48] a part whose result is ignored fills its slot with its value all the same', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.apply(chord([part.s(7).set({ ignoreResult: true }), part.s(8)], body, { id: 'c' }))
      for (const message of stage.queue.partsOf('c')) await executeTask(part, message, results)
      stage.assertBody('c', [7, 8])
      assert.equal(await results.exists(stage.queue.partsOf('c')[0]?.id ?? ''), false)
    },
  })
  .list()

/** Every slot of three one to five times, in any order. */
function deliveries(chance: Chance): readonly number[] {
  return chance.shuffled([0, 1, 2].flatMap((slot) => Array.from({ length: 1 + chance.below(5) }, () => slot)))
}

function returned(results: Results, message: TaskMessage | undefined, value: unknown): Promise<string | undefined> {
  assert.ok(message, 'a message')
  return results.onChordPartReturn(message, 'SUCCESS', value)
}

function pick(processes: readonly Results[], index: number): Results {
  return processes[index % processes.length] ?? assert.fail('no process')
}
