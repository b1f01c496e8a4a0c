import assert from 'node:assert/strict'
import {
  chain,
  chord,
  type ChordPolicy,
  executeTask,
  Ignore,
  Reject,
  type Results,
  task,
  TaskError,
  type TaskMessage,
  wrap,
} from '@arpeggio/core'
import { isError } from '../assertions.ts'
import { type Case, ChapterCases } from '../case.ts'
import { body, ChordStage, fail, part, parts, succeed } from '../chord-stage.ts'
import { expectedOutcome, type PartEnd, partEnds, policies } from '../chord-oracle.ts'
import type { Trial } from '../trial.ts'

const report = task('kit.report', (id: string) => id)

/** That a chord ends whatever becomes of its parts, with its body or its error, as its policy says. */
export const chordEndings: readonly Case[] = new ChapterCases('chords')
  .add('whatever three parts come to, and whatever the policy, a chord ends as the table says', {
    async run(trial) {
      await using stage = new ChordStage(trial, { results: { chordDeadlineSeconds: 1, maxDeadlineSeconds: 600 } })
      const results = stage.open()
      const plays = combinations(trial.rounds).flatMap((ends) => policies.map((policy) => ({ ends, policy })))
      await Promise.all(plays.map(({ ends, policy }, at) => play(stage, results, { id: `c-${at}`, ends, policy })))
      await stage.passDeadline(1)
      await stage.open().chords.sweep()
      for (const [at, { ends, policy }] of plays.entries())
        await assertEnd(stage, trial, { id: `c-${at}`, ends, policy })
    },
  })
  .add('a failed part fails the body with its reason, calls the error callback once, and the body never runs', {
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
  .add('the results of the parts that succeeded stay readable when one fails', {
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
  .add('a chain in a header that fails at any of its steps fails the chord', {
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
  .add('a part that is revoked before it runs, while it runs, or by somebody who only knows its id ends the chord', {
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
  })
  .add('a part whose result cannot be encoded, or is over the limit of the store, fails its slot', {
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
  .add('a part that ignores or rejects its message fills its slot', {
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
  .add('a chord of whose parts one never returns ends at its deadline, with an error that names it', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const handle = await results.apply(chord(parts(3), body, { id: 'c', deadlineSeconds: 1 }))
      const [first, lost, third] = stage.queue.partsOf('c')
      await succeed(results, first, 1)
      await succeed(results, third, 3)
      await results.chords.sweep()
      stage.assertNoBody('c')
      await stage.passDeadline(1)
      const another = await stage.openAnother()
      await another.chords.sweep()
      await assert.rejects(stage.outcome(handle.id), (error: Error) => {
        assert.match(error.message, /deadline/)
        assert.ok(error.message.includes(lost?.id ?? 'no id'), 'the task that never returned')
        return true
      })
      await succeed(results, lost, 2)
      await another.chords.sweep()
      stage.assertNoBody('c')
    },
  })
  .add('a chord that takes longer than results are kept fires with every value', {
    async run(trial) {
      await using stage = new ChordStage(trial, { results: { expiresInSeconds: 2, maxDeadlineSeconds: 600 } })
      const results = stage.open()
      await results.apply(chord(parts(6), body, { id: 'c', deadlineSeconds: 8 }))
      for (const [slot, message] of stage.queue.partsOf('c').entries()) {
        await succeed(results, message, slot)
        await stage.pass(1)
      }
      stage.assertBody('c', [0, 1, 2, 3, 4, 5])
    },
  })
  .add('a chord that is cancelled fails its body, once, and its parts return in vain', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      const handle = await results.apply(chord(parts(2), body, { id: 'c' }))
      const [first, second] = stage.queue.partsOf('c')
      await succeed(results, first, 1)
      assert.equal(await results.chords.cancel('c', 'nobody wants it'), true)
      assert.equal(await results.chords.cancel('c', 'again'), false)
      await succeed(results, second, 2)
      await assert.rejects(stage.outcome(handle.id), /nobody wants it/)
      stage.assertNoBody('c')
      await assert.rejects(results.chords.cancel('never was'), isError('not-found'))
    },
  })
  .list()

interface Play {
  readonly id: string
  readonly ends: readonly PartEnd[]
  readonly policy: ChordPolicy
}

/** Every ordered choice of three where there is time for it, else every unordered one. */
function combinations(rounds: number): readonly (readonly PartEnd[])[] {
  const all = partEnds.flatMap((a) => partEnds.flatMap((b) => partEnds.map((c) => [a, b, c])))
  return rounds >= 1000 ? all : all.filter((ends) => String(ends) === String(ends.toSorted()))
}

async function play(stage: ChordStage, results: Results, { id, ends, policy }: Play): Promise<void> {
  await results.apply(chord(parts(3), body, { id, policy }))
  for (const [slot, message] of stage.queue.partsOf(id).entries()) await end(results, message, ends[slot] ?? 'missing')
}

async function end(results: Results, message: TaskMessage, how: PartEnd): Promise<void> {
  const request = message
  if (how === 'success') await succeed(results, message, 'a value')
  else if (how === 'failure') await fail(results, message)
  else if (how === 'revoked') await results.markAsRevoked(message.id, 'revoked', { request })
  else if (how === 'ignored') await results.onChordPartReturn(message, 'IGNORED', null)
}

async function assertEnd(stage: ChordStage, trial: Trial<never>, { id, ends, policy }: Play): Promise<void> {
  const name = `${ends.join(', ')} with ${JSON.stringify(policy)}`
  const expected = expectedOutcome(ends, policy)
  const published = stage.queue.bodiesOf(id)
  assert.equal(published.length, expected.kind === 'body' ? 1 : 0, `${name}: ${expected.kind}`)
  const { bodyIds } = await stage.open().chords.inspect(id)
  if (expected.kind === 'body') assert.deepEqual(settledStates(published[0]?.args[0]), expected.slots, name)
  else
    await assert.rejects(
      stage
        .open()
        .result(bodyIds[0] ?? '')
        .get({ timeoutMs: trial.patienceMs }),
      TaskError,
      name,
    )
}

/** Values as they are, settled entries as their states. */
function settledStates(argument: unknown): unknown {
  if (!Array.isArray(argument)) return argument
  return argument.map((entry: unknown) =>
    typeof entry === 'object' && entry !== null && 'status' in entry ? entry.status : entry,
  )
}

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
