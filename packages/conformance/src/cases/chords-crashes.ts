import assert from 'node:assert/strict'
import { chord, type TaskMessage } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { body, ChordStage, parts, succeed } from '../chord-stage.ts'
import type { KillPoint } from '../kill-job.ts'
import type { Trial } from '../trial.ts'

/** Where whoever finishes the last part may die, in the order in which it comes by. */
const finishing: Readonly<Record<string, KillPoint>> = {
  'before its result is stored': { when: 'before', what: 'set', key: 'celery-task-meta-' },
  'after its result is stored': { when: 'after', what: 'set', key: 'celery-task-meta-' },
  'after its slot is filled': { when: 'after', what: 'set', key: 'arpeggio-chord-m:c:0:' },
  'before the node above it is marked': { when: 'before', what: 'set', key: 'arpeggio-chord-m:c:1:' },
  'after the node above it is marked': { when: 'after', what: 'set', key: 'arpeggio-chord-m:c:1:' },
  'before the chord is claimed': { when: 'before', what: 'set', key: 'arpeggio-chord-r:c' },
  'after the chord is claimed': { when: 'after', what: 'set', key: 'arpeggio-chord-r:c' },
  'before its outcome is decided': { when: 'before', what: 'set', key: 'arpeggio-chord-r:c', nth: 2 },
  'after its outcome is decided': { when: 'after', what: 'set', key: 'arpeggio-chord-r:c', nth: 2 },
  'after the body is published': { when: 'after', what: 'publish' },
  'before that is noted': { when: 'before', what: 'set', key: 'arpeggio-chord-r:c', nth: 3 },
  'after that is noted': { when: 'after', what: 'set', key: 'arpeggio-chord-r:c', nth: 3 },
  'before it is cleaned up': { when: 'before', what: 'delete', key: 'arpeggio-chord-m:c:' },
  'after it is cleaned up in part': { when: 'after', what: 'delete', key: 'arpeggio-chord-m:c:' },
  'before the tombstone': { when: 'before', what: 'set', key: 'arpeggio-chord-r:c', nth: 4 },
}

/** How the message of a part comes again after its worker died. */
const redeliveries = [
  'its message is lost',
  'its message comes again with the same value',
  'its message comes again with another value',
] as const

type Redelivery = (typeof redeliveries)[number]

/** Where whoever starts a chord of 5 parts may die. */
const starting: Readonly<Record<string, KillPoint>> = {
  'before the ids of the parts are stored': { when: 'before', what: 'set', key: 'arpeggio-chord-h:c' },
  'after the ids of the parts are stored': { when: 'after', what: 'set', key: 'arpeggio-chord-h:c' },
  'after it is registered': { when: 'after', what: 'set', key: 'arpeggio-chord-g:' },
  'before it is known': { when: 'before', what: 'set', key: 'arpeggio-chord-r:c' },
  'after it is known': { when: 'after', what: 'set', key: 'arpeggio-chord-r:c' },
  'before its parts are published': { when: 'before', what: 'publish' },
  'after its parts are published': { when: 'after', what: 'publish' },
}

/** Where whoever announces a chord piece by piece may die; it is sealed by the second write of its record. */
const announcing: Readonly<Record<string, KillPoint>> = {
  ...starting,
  'before it is sealed': { when: 'before', what: 'set', key: 'arpeggio-chord-r:c', nth: 2 },
  'after it is sealed': { when: 'after', what: 'set', key: 'arpeggio-chord-r:c', nth: 2 },
}

/** Where whoever adds parts to a chord may die. */
const adding: Readonly<Record<string, KillPoint>> = {
  'before their ids are stored': { when: 'before', what: 'set', key: 'arpeggio-chord-h:c' },
  'after their ids are stored': { when: 'after', what: 'set', key: 'arpeggio-chord-h:c' },
  'after there is room for them': { when: 'after', what: 'set', key: 'arpeggio-chord-r:c' },
  'after they are published': { when: 'after', what: 'publish' },
}

const cases = new ChapterCases('chords')

for (const [where, point] of Object.entries(finishing)) {
  for (const redelivery of redeliveries) {
    cases.add(`[T-02] [T-20] a process that is killed ${where}, and ${redelivery}, stops no chord`, {
      run: (trial) => finishAfterDeath(trial, point, redelivery),
    })
  }
}

for (const [where, point] of Object.entries(starting)) {
  cases.add(`[T-14] a chord whose starter is killed ${where} goes on when it is started again`, {
    run: (trial) => startAgain(trial, point, false),
  })
}

for (const [where, point] of Object.entries(announcing)) {
  cases.add(`[T-14] a chord whose announcer is killed ${where} goes on when it is announced again`, {
    run: (trial) => startAgain(trial, point, true),
  })
}

for (const [where, point] of Object.entries(adding)) {
  cases.add(`parts that are added by a process that is killed ${where} are there once when they are added again`, {
    run: (trial) => addAgain(trial, point),
  })
}

/** What a process leaves that is killed with SIGKILL at a named point, and who mends it. */
export const chordCrashes: readonly Case[] = cases
  .add(
    '[T-14] a chord whose announcer is killed before it is sealed is listed as open, and fails at its deadline as never sealed',
    {
      async run(trial) {
        await using stage = new ChordStage(trial)
        const point = announcing['before it is sealed'] ?? assert.fail()
        await stage.kill(point, { kind: 'apply', chord: 'c', count: 5, isStreamed: true })
        const results = stage.open()
        for (const message of stage.queue.partsOf('c')) await succeed(results, message, 1)
        const listed = await first(results.chords.listOpen())
        assert.deepEqual([listed?.id, listed?.state], ['c', 'open'])
        stage.assertNoBody('c')
        await stage.passDeadline(90_000)
        const late = stage.open()
        await late.chords.sweep()
        stage.assertNoBody('c')
        const end = late.result(listed?.bodyIds[0] ?? '').get({ timeoutMs: trial.patienceMs })
        await assert.rejects(end, /ChordNeverSealed/)
      },
    },
  )
  .add('a sweep that is killed in the middle of its work leaves it to the next', {
    async run(trial) {
      for (const when of ['before', 'after'] as const) {
        await using stage = new ChordStage(trial)
        const id = `c-${when}`
        const results = stage.open()
        await results.apply(chord(parts(4), body, { id }))
        const messages = stage.queue.partsOf(id)
        for (const { id: taskId } of messages) await results.storeResult(taskId, 'only stored', 'SUCCESS')
        // Of parts that peers may have counted a sweep records none.
        if (trial.sharing.peers !== 'celery')
          await stage.kill({ when, what: 'set', key: `arpeggio-chord-m:${id}:0:2` }, { kind: 'sweep' })
        await stage.kill({ when, what: 'set', key: `arpeggio-chord-r:${id}` }, { kind: 'sweep' })
        await stage.pass(31)
        await stage.open().chords.sweep()
        stage.assertBody(
          id,
          Array.from({ length: 4 }, () => 'only stored'),
        )
      }
    },
  })
  .list()

async function finishAfterDeath(trial: Trial<never>, point: KillPoint, redelivery: Redelivery): Promise<void> {
  await using stage = new ChordStage(trial)
  const results = stage.open()
  const handle = await results.apply(chord(parts(4), body, { id: 'c' }))
  const messages = stage.queue.partsOf('c')
  const last = messages[3] ?? assert.fail('four parts')
  for (const message of messages.slice(0, 3)) await succeed(results, message, 'in time')
  await stage.kill(point, { kind: 'finish', message: last, value: 'of the dead' })
  // A store that counts parts itself does several of these steps at once: what is there now tells.
  const isUnstored = !(await results.exists(last.id))
  const isUnclaimed = (await results.chords.inspect('c')).state === 'sealed'
  if (redelivery !== 'its message is lost') {
    await succeed(results, last, secondValue(redelivery))
    // Nobody holds a lease: whoever repeats the part carries on, without waiting for a sweep.
    if (isUnclaimed) assert.equal(stage.queue.bodiesOf('c').length, 1)
  }
  await stage.pass(31)
  await stage.open().chords.sweep()
  if (isUnstored && redelivery === 'its message is lost') {
    stage.assertNoBody('c')
    await stage.passDeadline(90_000)
    await stage.open().chords.sweep()
    await assert.rejects(stage.outcome(handle.id), (error: Error) => error.message.includes(last.id))
  } else await assertEnded(stage, point, isUnstored ? secondValue(redelivery) : 'of the dead')
}

function secondValue(redelivery: Redelivery): string {
  return redelivery === 'its message comes again with another value' ? 'of the living' : 'of the dead'
}

async function assertEnded(stage: ChordStage, point: KillPoint, value: string): Promise<void> {
  const published = stage.queue.bodiesOf('c').length
  assert.ok(published === 1 || (published === 2 && mayRepeat(point)), `published ${published} times`)
  stage.assertBody('c', ['in time', 'in time', 'in time', value], published)
  const results = stage.open()
  await stage.playBody(results, 'c')
  await stage.pass(31)
  await stage.open().chords.sweep()
  assert.equal(stage.queue.bodiesOf('c').length, published, 'nothing is published after the end')
  assert.equal((await results.chords.inspect('c')).state, 'done')
}

/** Between publishing and the note of it nobody can know. */
function mayRepeat(point: KillPoint): boolean {
  return point === finishing['after the body is published'] || point === finishing['before that is noted']
}

async function startAgain(trial: Trial<never>, point: KillPoint, isStreamed: boolean): Promise<void> {
  await using stage = new ChordStage(trial)
  await stage.kill(point, { kind: 'apply', chord: 'c', count: 5, isStreamed })
  const results = await stage.openAnother()
  const early = stage.queue.partsOf('c').slice(0, 2)
  for (const message of early) await succeed(results, message, 'early')
  const header = parts(5)
  const handle = await results.apply(
    isStreamed ? chord(header.values(), body, { id: 'c' }) : chord(header, body, { id: 'c' }),
  )
  const messages = stage.queue.partsOf('c')
  assert.equal(messages.length, 5)
  assert.equal(new Set(stage.queue.messages.map(({ id }: TaskMessage) => id)).size, 5, 'the same ids as the first time')
  for (const message of messages) await succeed(results, message, 'late')
  stage.assertBody('c', [...early.map(() => 'early'), ...Array.from({ length: 5 - early.length }, () => 'late')])
  await stage.playBody(results, 'c')
  assert.equal(await handle.ready(), true)
}

async function addAgain(trial: Trial<never>, point: KillPoint): Promise<void> {
  await using stage = new ChordStage(trial)
  const results = stage.open()
  await results.apply(chord(parts(2), body, { id: 'c' }))
  await stage.kill(point, { kind: 'add', chord: 'c', addId: 'more', count: 2 })
  await results.chords.add('c', 'more', parts(2))
  const messages = stage.queue.partsOf('c')
  assert.equal(messages.length, 4)
  assert.equal(new Set(stage.queue.messages.map(({ id }) => id)).size, 4, 'the same ids as the first time')
  for (const [slot, message] of messages.entries()) {
    stage.assertNoBody('c')
    await succeed(results, message, slot)
  }
  stage.assertBody('c', [0, 1, 2, 3])
}

async function first<Item>(items: AsyncIterable<Item>): Promise<Item | undefined> {
  for await (const item of items) return item
  return undefined
}
