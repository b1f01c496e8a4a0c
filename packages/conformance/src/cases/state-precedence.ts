import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { READY_STATES, type Results } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { noteOf, report, resultsOver } from '../documents.ts'

const unready = ['STARTED', 'RETRY', 'RECEIVED', 'PROGRESS'] as const
const states = [...unready, 'FAILURE', 'REVOKED', 'SUCCESS'] as const

/** What writers race with, beginning elsewhere in every round. */
const racing = ['STARTED', 'PROGRESS', 'RETRY', 'FAILURE', 'SUCCESS'] as const

/** Which stored state gives way to which: everything to everything, but for these. */
const stays: Readonly<Record<string, readonly string[]>> = {
  FAILURE: [...unready, 'FAILURE', 'REVOKED'],
  REVOKED: [...unready, 'REVOKED'],
  SUCCESS: states,
}

/** That no late writer undoes an ending, on whichever way the store offers for it. */
export const statePrecedence: readonly Case[] = new ChapterCases('state precedence')
  .add('every pair of states ends as the table says', {
    musts: ['guard keeps', 'set with a condition'],
    async run({ backend, prefix }) {
      await using results = resultsOver(backend, prefix)
      for (const stored of states) {
        for (const next of states) {
          const id = `${stored}-${next}`
          await report(results, id, stored, 'first')
          await report(results, id, next, 'second')
          const meta = await results.getTaskMeta(id, { cache: false })
          const isKept = stays[stored]?.includes(next) ?? false
          assert.equal(meta.status, isKept ? stored : next, `${next} after ${stored}`)
          assert.match(String(noteOf(meta)), isKept ? /first/ : /second/, `${next} after ${stored}`)
        }
      }
    },
  })
  .add('with the precedence of Celery a success alone stays', {
    async run({ backend, prefix }) {
      await using results = resultsOver(backend, prefix, { precedence: 'celery' })
      for (const next of states) {
        await report(results, `failed-${next}`, 'FAILURE')
        await report(results, `failed-${next}`, next)
        assert.equal((await results.getTaskMeta(`failed-${next}`, { cache: false })).status, next)
        await report(results, `done-${next}`, 'SUCCESS')
        await report(results, `done-${next}`, next)
        assert.equal((await results.getTaskMeta(`done-${next}`, { cache: false })).status, 'SUCCESS')
      }
    },
  })
  .add('a forgotten task may begin again', {
    async run({ backend, prefix }) {
      await using results = resultsOver(backend, prefix)
      await report(results, 'a', 'SUCCESS', 1)
      await results.forget('a')
      await report(results, 'a', 'STARTED')
      assert.equal((await results.getTaskMeta('a', { cache: false })).status, 'STARTED')
    },
  })
  .add('[T-41] of 64 writers that race with STARTED, PROGRESS, RETRY, FAILURE and SUCCESS, none undoes an ending', {
    musts: ['set is atomic', 'guard keeps'],
    async run({ backend, prefix, another, rounds }) {
      await using mine = resultsOver(backend, prefix)
      await using theirs = resultsOver(await another(), prefix)
      for (let round = 0; round < rounds; round++) {
        const id = `race-${round}`
        const seen = await observed(mine, id, async () => {
          await Promise.all(
            Array.from({ length: 64 }, (_, index) =>
              report(index % 2 === 0 ? mine : theirs, id, racing[(index * 7 + round) % racing.length] ?? '', index),
            ),
          )
        })
        assert.ok(seen.length > 0)
        assert.equal((await theirs.getTaskMeta(id, { cache: false })).status, 'SUCCESS')
        assertEndingsStay(seen)
        await mine.forget(id)
      }
    },
  })
  .add('[T-46] a thousand progress reports around the end do not hide it', {
    musts: ['set is atomic'],
    async run({ backend, prefix, another }) {
      await using mine = resultsOver(backend, prefix)
      await using theirs = resultsOver(await another(), prefix)
      const reports = Array.from({ length: 1000 }, (_, index) =>
        index === 500 ? report(theirs, 'a', 'SUCCESS', 'done') : mine.updateState('a', 'PROGRESS', { step: index }),
      )
      await Promise.all(reports)
      const meta = await theirs.getTaskMeta('a', { cache: false })
      assert.deepEqual([meta.status, meta.result], ['SUCCESS', 'done'])
    },
  })
  .list()

/** The states that a reader sees of a task, one after the other, while `race` goes on. */
async function observed(results: Results, id: string, race: () => Promise<void>): Promise<readonly string[]> {
  const seen: string[] = []
  const end = new AbortController()
  const observe = async (): Promise<void> => {
    while (!end.signal.aborted) {
      seen.push((await results.getTaskMeta(id, { cache: false })).status)
      await nextTurn() // a store in memory answers without letting timers have a turn
    }
  }
  const observer = observe()
  await race().finally(() => end.abort())
  await observer
  return seen
}

/** A failure may turn into a success, when a task was delivered twice; nothing else follows an ending. */
function assertEndingsStay(seen: readonly string[]): void {
  const endings = seen.slice(seen.findIndex((state) => READY_STATES.has(state)))
  if (!seen.some((state) => READY_STATES.has(state))) return
  for (const [index, state] of endings.entries()) {
    const before = endings[index - 1] ?? state
    assert.ok(state === before || (before === 'FAILURE' && state === 'SUCCESS'), `${state} after ${before}`)
  }
}
