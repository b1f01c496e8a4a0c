import assert from 'node:assert/strict'
import { chord, type ChordPolicy, type Results, TaskError, type TaskMessage } from '@arpeggio/core'
import { isError } from '../assertions.ts'
import { type Case, ChapterCases } from '../case.ts'
import { expectedOutcome, type PartEnd, partEnds, policies } from '../chord-oracle.ts'
import { body, ChordStage, fail, parts, succeed } from '../chord-stage.ts'
import type { Trial } from '../trial.ts'

/** That a chord ends whatever becomes of its parts, with its body or its error, as its policy says. */
export const chordEndings: readonly Case[] = new ChapterCases('chords')
  .add('[T-12] whatever three parts come to, and whatever the policy, a chord ends as the table says', {
    asks: ['policies'],
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
  .add('[T-19] a chord that fails fast fails with its first failure, every other one when all parts have returned', {
    asks: ['policies'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      for (const policy of policies) {
        const id = `c-${JSON.stringify(policy)}`
        await results.apply(chord(parts(3), body, { id, policy }))
        const [first, second, third] = stage.queue.partsOf(id)
        await fail(results, second)
        assert.equal((await results.chords.inspect(id)).state, policy === 'failFast' ? 'done' : 'sealed', id)
        await succeed(results, first, 1)
        assert.equal((await results.chords.inspect(id)).state, policy === 'failFast' ? 'done' : 'sealed', id)
        await succeed(results, third, 3)
        assert.notEqual((await results.chords.inspect(id)).state, 'sealed', id)
      }
    },
  })
  .add('[T-20] a chord of whose parts one never returns ends at its deadline, with an error that names it', {
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
  .add('[T-44] a chord that takes longer than results are kept fires with every value', {
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
