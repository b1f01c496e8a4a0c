import assert from 'node:assert/strict'
import { chain, chord, executeTask, Ignore, Reject, type Results, task, wrap } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { body, ChordStage, fail, part, parts, succeed } from '../chord-stage.ts'

const report = task('kit.report', (id: string) => id)

/** That a part which does not succeed, in whichever way, fails its chord once and for the right reason. */
export const chordFailures: readonly Case[] = new ChapterCases('chords')
  .add('[T-24] a failed part fails the body with its reason, calls the error callback once, and the body never runs', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      for (const failing of [0, 1, 2]) {
        const id = `c-${failing}`
        const end = body.s().linkError(report.s())
        const handle = await results.apply(chord(parts(3), end, { id }))
        for (const [slot, message] of stage.queue.partsOf(id).entries()) {
          await (slot === failing ? fail(results, message, `reason ${slot}`) : succeed(results, message, slot))
          if (slot === failing) await fail(results, message, 'another reason')
        }
        await assert.rejects(stage.outcome(handle.id), new RegExp(`Dependency .*reason ${failing}`))
        stage.assertNoBody(id)
        const callbacks = stage.queue.messages.filter(({ task: name }) => name === report.name)
        assert.equal(callbacks.length, failing + 1, 'one error callback for each chord')
      }
    },
  })
  .add('of several failures the lowest slot is the reason, whatever the order', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const handle = await results.apply(chord(parts(4), body, { id: 'c' }))
      for (const [slot, message] of [...stage.queue.partsOf('c').entries()].toReversed()) {
        await fail(results, message, `reason ${slot}`)
      }
      await assert.rejects(stage.outcome(handle.id), /reason 0/)
    },
  })
  .add('[T-26] the results of the parts that succeeded stay readable when one fails', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const handle = await results.apply(chord(parts(3), body, { id: 'c' }))
      const messages = stage.queue.partsOf('c')
      await succeed(results, messages[0], 'first')
      await fail(results, messages[1])
      await succeed(results, messages[2], 'third')
      await assert.rejects(stage.outcome(handle.id))
      const metas = await stage.open().getMany(messages.map(({ id }) => id))
      assert.deepEqual(
        metas.map(({ status }) => status),
        ['SUCCESS', 'FAILURE', 'SUCCESS'],
      )
    },
  })
  .add('[T-23] a chain in a header that fails at any of its steps fails the chord', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const failsAt = task('kit.fails-at', (steps: number) => {
        if (steps === 0) throw new Error('broken on purpose')
        return steps - 1
      })
      for (const step of [0, 1, 2]) {
        const id = `c-${step}`
        const member = chain([failsAt.s(step), failsAt.s(), failsAt.s()])
        const handle = await results.apply(chord([part.s('plain'), member], body, { id }))
        await drain(stage, results, [part, failsAt])
        await assert.rejects(stage.outcome(handle.id), /broken on purpose/)
        stage.assertNoBody(id)
      }
    },
  })
  .add(
    '[T-22] a part that is revoked before it runs, while it runs, or by somebody who only knows its id ends the chord',
    {
      async run(trial) {
        await using stage = new ChordStage(trial, { results: { chordDeadlineSeconds: 1 } })
        const results = stage.open()
        const ids = ['queued', 'running', 'unknown']
        for (const id of ids) await results.apply(chord(parts(2), body, { id }))
        for (const id of ids) {
          const [first, second] = stage.queue.partsOf(id)
          assert.ok(second)
          await succeed(results, first, 1)
          if (id === 'running') await results.markAsStarted(second.id, {}, { request: second })
          await results.markAsRevoked(second.id, 'no longer wanted', id === 'unknown' ? {} : { request: second })
          // Of a part whose message nobody had in hand only its result tells, which a sweep finds.
          if (id === 'unknown') await stage.open().chords.sweep()
          const { bodyIds } = await results.chords.inspect(id)
          await assert.rejects(stage.outcome(bodyIds[0] ?? ''), /no longer wanted|TaskRevokedError/, id)
          stage.assertNoBody(id)
        }
      },
    },
  )
  .add('[T-25] a part whose result cannot be encoded, or is over the limit of the store, fails its slot', {
    async run(trial) {
      const maxValueBytes = Math.min(trial.backend.limits.maxValueBytes, 20_000)
      const limited = wrap(trial.backend, { limits: { ...trial.backend.limits, maxValueBytes } })
      await using stage = new ChordStage(trial)
      const results = stage.open(limited)
      for (const [name, build] of Object.entries(unstorable(maxValueBytes))) {
        const odd = task('kit.odd', build)
        const handle = await results.apply(chord([odd.s(), part.s('plain')], body, { id: name }))
        for (const message of stage.queue.partsOf(name)) {
          await executeTask(message.task === odd.name ? odd : part, message, results)
        }
        await assert.rejects(stage.outcome(handle.id), /EncodeError|Dependency/, name)
        stage.assertNoBody(name)
      }
    },
  })
  .add('[T-25] a part whose result just fits into the store fills its slot with it', {
    async run(trial) {
      const maxValueBytes = Math.min(trial.backend.limits.maxValueBytes, 100_000)
      const limited = wrap(trial.backend, { limits: { ...trial.backend.limits, maxValueBytes } })
      await using stage = new ChordStage(trial)
      const results = stage.open(limited)
      const value = 'x'.repeat(maxValueBytes - 500)
      await results.apply(chord(parts(2), body, { id: 'c' }))
      for (const message of stage.queue.partsOf('c')) await succeed(results, message, value)
      stage.assertBody('c', [value, value])
    },
  })
  .add('a part that ignores or rejects its message fills its slot', {
    asks: ['policies'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const ignoring = task('kit.ignoring', () => {
        throw new Ignore('nothing to tell')
      })
      const rejecting = task('kit.rejecting', () => {
        throw new Reject('not for me')
      })
      await results.apply(chord([ignoring.s(), part.s(1)], body, { id: 'ignored' }))
      await results.apply(chord([rejecting.s(), part.s(1)], body, { id: 'rejected', policy: 'collect' }))
      await drain(stage, results, [ignoring, rejecting, part])
      stage.assertBody('ignored', [null, 1])
      assert.equal(stage.queue.bodiesOf('rejected').length, 1)
    },
  })
  .list()

/** Runs what was published, and what that publishes, until there is nothing left. */
async function drain(
  stage: ChordStage,
  results: Results,
  tasks: readonly Parameters<typeof executeTask>[0][],
): Promise<void> {
  const { messages } = stage.queue
  for (let at = stage.taken; at < messages.length; at = stage.taken) {
    stage.taken += 1
    const message = messages[at]
    const found = tasks.find(({ name }) => name === message?.task)
    if (message !== undefined && found !== undefined) await executeTask(found, message, results)
  }
}

/** Results that no store of these limits can take. */
function unstorable(maxValueBytes: number): Readonly<Record<string, () => unknown>> {
  return {
    cyclic: () => {
      const value: Record<string, unknown> = {}
      value['self'] = value
      return value
    },
    'a function': () => () => undefined,
    'a throwing toJSON': () => ({
      toJSON: () => {
        throw new TypeError('not today')
      },
    }),
    'one byte too long': () => 'x'.repeat(maxValueBytes),
    'far too long': () => 'x'.repeat(10 * maxValueBytes),
  }
}
