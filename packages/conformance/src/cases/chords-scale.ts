import assert from 'node:assert/strict'
import { chord, type ChordResults, executeTask, type Settled, task, type TaskMessage } from '@arpeggio/core'
import { assertNothingLeft, isError } from '../assertions.ts'
import { type Case, ChapterCases } from '../case.ts'
import { Chance } from '../chance.ts'
import { body, ChordStage, fail, keysOf, part, parts, succeed } from '../chord-stage.ts'

/** Reads what it is given, without ever having all of it. */
const reader = task('kit.reader', async (results: ChordResults<unknown>) => {
  const lengths: number[] = []
  for await (const value of results) lengths.push(String(value).length)
  return { length: results.length, lengths, first: await results.at(0), last: await results.at(-1) }
})

const settledReader = task('kit.settled-reader', async (results: ChordResults<Settled<unknown>>) => {
  const states: string[] = []
  for await (const { status } of results) states.push(status)
  return states
})

/** That a chord of many parts costs what its parts cost, and that its body need not hold them all. */
export const chordScale: readonly Case[] = new ChapterCases('chords')
  .add('[T-47] a chord of many parts that return in any order hands their values over in slot order', {
    async run(trial) {
      await using stage = new ChordStage(trial, { results: { chordFanOut: 32 } })
      const results = stage.open()
      const count = Math.min(trial.rounds * 40, 5000)
      await results.apply(chord(parts(count), body, { id: 'c' }))
      const messages = new Chance(count).shuffled(stage.queue.partsOf('c'))
      for (let first = 0; first < count; first += 200) {
        await Promise.all(
          messages.slice(first, first + 200).map((message) => succeed(results, message, message.groupIndex)),
        )
      }
      stage.assertBody('c', [...Array.from({ length: count }).keys()])
    },
  })
  .add('[T-62] a body that gets its results by reference reads them from the store, and its message does not grow', {
    asks: ['policies'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const sizes: number[] = []
      for (const count of [1, Math.min(trial.rounds * 20, 1500)]) {
        const id = `c-${count}`
        const handle = await results.apply(chord(parts(count), reader, { id, results: 'reference' }))
        const messages = stage.queue.partsOf(id)
        await Promise.all(
          messages.map((message) => succeed(results, message, 'x'.repeat(10_000 + (message.groupIndex ?? 0)))),
        )
        const [message] = bodiesOf(stage, id)
        assert.ok(message, 'the body was published')
        sizes.push(JSON.stringify(message).length)
        await executeTask(reader, message, await stage.openAnother())
        const { length, lengths, first, last } = await handle.get({ timeoutMs: trial.patienceMs })
        assert.equal(length, count)
        assert.deepEqual(
          lengths,
          messages.map((_, slot) => 10_000 + slot),
        )
        assert.deepEqual([String(first).length, String(last).length], [10_000, 10_000 + count - 1])
      }
      const [small = 0, large = 0] = sizes
      assert.ok(large < small + 200, `${small} bytes for one part, ${large} for many`)
    },
  })
  .add('a body by reference gets settled entries where its policy says so, also of parts that never returned', {
    asks: ['policies'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const options = { id: 'c', results: 'reference', policy: 'collect', deadlineSeconds: 1 } as const
      const handle = await results.apply(chord(parts(4), settledReader, options))
      const [first, second, , fourth] = stage.queue.partsOf('c')
      await succeed(results, first, 1)
      await fail(results, second)
      await succeed(results, fourth, 4)
      await stage.passDeadline(1)
      await stage.open().chords.sweep()
      const [message] = bodiesOf(stage, 'c')
      assert.ok(message, 'the body was published')
      await executeTask(settledReader, message, results)
      assert.deepEqual(await handle.get({ timeoutMs: trial.patienceMs }), ['SUCCESS', 'FAILURE', 'PENDING', 'SUCCESS'])
    },
  })
  .add('values by reference stay until the body has run, and go then', {
    needs: ['scan'],
    asks: ['policies'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.apply(chord(parts(5), reader, { id: 'c', results: 'reference' }))
      for (const message of stage.queue.partsOf('c')) await succeed(results, message, 'x'.repeat(10_000))
      await results.chords.sweep()
      const slots = async (): Promise<number> =>
        (await keysOf(trial)).filter((key) => /chord-[mvh]:c|taskset-meta-\{?c\}?\.[jp]$/.test(key)).length
      assert.ok((await slots()) >= (stage.countsParts() ? 2 : 10), 'slots and values are there')
      const [message] = bodiesOf(stage, 'c')
      assert.ok(message, 'the body was published')
      await executeTask(reader, message, results)
      await stage.pass(31)
      await stage.open().chords.sweep()
      assert.equal(await slots(), 0)
    },
  })
  .add('a failed part fails a body by reference without a look at the others', {
    asks: ['policies'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const handle = await results.apply(chord(parts(40), reader, { id: 'c', results: 'reference' }))
      for (const [slot, message] of stage.queue.partsOf('c').entries()) {
        await (slot === 17 || slot === 30 ? fail(results, message, `of ${slot}`) : succeed(results, message, slot))
      }
      await assert.rejects(stage.outcome(handle.id), /of 17/)
      assert.equal(bodiesOf(stage, 'c').length, 0)
    },
  })
  .add(
    'a body by reference runs when enough parts have succeeded, counted without a look at them, and not when one is lacking',
    {
      asks: ['policies'],
      async run(trial) {
        await using stage = new ChordStage(trial)
        const results = stage.open()
        for (const atLeast of [38, 39]) {
          const id = `at-least-${atLeast}`
          await results.apply(chord(parts(40), settledReader, { id, results: 'reference', policy: { atLeast } }))
          for (const [slot, message] of stage.queue.partsOf(id).entries()) {
            await (slot === 3 || slot === 30 ? fail(results, message) : succeed(results, message, slot))
          }
          assert.equal(bodiesOf(stage, id).length, atLeast === 38 ? 1 : 0, id)
        }
      },
    },
  )
  .add('large values arrive whole, also by value, and when their tasks are forgotten', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.apply(chord(parts(3), body, { id: 'c' }))
      const messages = stage.queue.partsOf('c')
      for (const [slot, message] of messages.entries()) {
        await succeed(results, message, String(slot).repeat(20_000))
        await results.forget(message.id)
      }
      stage.assertBody(
        'c',
        ['0', '1', '2'].map((letter) => letter.repeat(20_000)),
      )
    },
  })
  .add('a wait for a body that is abandoned leaves nothing behind', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const handle = await results.apply(chord(parts(2), body, { id: 'c' }))
      const controller = new AbortController()
      const wait = assert.rejects(handle.get({ signal: controller.signal }), isError('aborted'))
      controller.abort()
      await wait
      await assert.rejects(handle.get({ timeoutMs: 50 }), isError('timeout'))
      await assertNothingLeft(results)
    },
  })
  .add('whoever waits for a body brings its chord on when nobody else does', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const handle = await results.apply(chord(parts(2), body, { id: 'c' }))
      const messages = stage.queue.partsOf('c')
      for (const { id } of messages) await results.storeResult(id, 'only stored', 'SUCCESS')
      const value = handle.get({ timeoutMs: 2 * trial.patienceMs })
      await trial.eventually(() => stage.assertBody('c', ['only stored', 'only stored']))
      await stage.playBody(results, 'c')
      assert.deepEqual(await value, ['only stored', 'only stored'])
    },
  })
  .add('two chords whose ids differ by what separates the fields of keys do not touch each other', {
    musts: ['keys are opaque'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const ids = ['a', 'a-1', 'a:0', 'a:0:1', 'a%3A0', 'A', 'ü', '../a']
      for (const id of ids) await results.apply(chord([part.s(0), part.s(1)], body, { id }))
      for (const slot of [0, 1]) {
        for (const id of ids) await succeed(results, stage.queue.partsOf(id)[slot], `${id} ${slot}`)
      }
      for (const id of ids) stage.assertBody(id, [`${id} 0`, `${id} 1`])
    },
  })
  .list()

function bodiesOf(stage: ChordStage, chord: string): readonly TaskMessage[] {
  return stage.queue.messages.filter(({ bodyOf }) => bodyOf === chord)
}
