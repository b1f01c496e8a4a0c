import assert from 'node:assert/strict'
import { assertNothingLeft, isError } from '../assertions.ts'
import { type Case, ChapterCases } from '../case.ts'
import { report, resultsOver } from '../documents.ts'

const quick = { pollCeilingMs: 20 } as const

/** Many waits at once: none is missed, and however they end, nothing of them is left. */
export const crowds: readonly Case[] = new ChapterCases('waiting')
  .add('[T-33] a thousand waits and other calls on one handle do not disturb each other', {
    musts: ['concurrent calls'],
    async run({ backend, prefix, another, patienceMs }) {
      await using mine = resultsOver(backend, prefix, quick)
      await using theirs = resultsOver(await another(), prefix, quick)
      const ids = Array.from({ length: 1000 }, (_, index) => `id-${index}`)
      const values = Promise.all(ids.map((id) => mine.result(id).get({ timeoutMs: 6 * patienceMs })))
      await Promise.all(
        ids.map(async (id, index) => {
          await report(index % 2 === 0 ? mine : theirs, id, 'SUCCESS', index)
          assert.equal((await mine.getTaskMeta(id)).status, 'SUCCESS')
        }),
      )
      assert.deepEqual(await values, [...ids.keys()])
      await assertNothingLeft(mine)
    },
  })
  .add('[T-28] results that land while notifications are lost wake their waiters all the same', {
    needs: ['notifications'],
    asks: ['gap'],
    musts: ['gap after loss'],
    async run({ backend, prefix, gap, patienceMs, rounds }) {
      await using mine = resultsOver(backend, prefix)
      await using theirs = resultsOver(backend, prefix)
      for (let round = 0; round < Math.min(rounds, 100); round++) {
        const ids = named(100, `id-${round}`)
        const values = Promise.all(ids.map((id) => mine.result(id).get({ timeoutMs: patienceMs })))
        for (let first = 0; first < ids.length; first += 10) {
          const [last = '', ...lost] = ids.slice(first, first + 10)
          await gap(async () => void (await Promise.all(lost.map((id) => report(theirs, id, 'SUCCESS', id)))))
          await report(theirs, last, 'SUCCESS', last)
        }
        assert.deepEqual(await values, ids)
        await assertNothingLeft(mine)
      }
    },
  })
  .add('a result that is removed while notifications are lost ends its waits with not-found, and the others go on', {
    needs: ['notifications'],
    asks: ['gap'],
    musts: ['gap after loss'],
    async run({ backend, prefix, gap, patienceMs }) {
      await using mine = resultsOver(backend, prefix)
      await using theirs = resultsOver(backend, prefix)
      const ids = named(100)
      await Promise.all(ids.map((id) => report(theirs, id, 'STARTED')))
      const steps = ids.map((id) => mine.watch(id, { timeoutMs: patienceMs })[Symbol.asyncIterator]())
      for (const watched of steps) assert.equal((await watched.next()).value?.status, 'STARTED')
      await gap(async () => void (await Promise.all(ids.map((id) => theirs.forget(id)))))
      const removed = steps.map((watched) => assert.rejects(watched.next(), isError('not-found')))
      const never = mine.result('never stored').get({ timeoutMs: 200 })
      await Promise.all([...removed, assert.rejects(never, isError('timeout'))])
      await assertNothingLeft(mine)
    },
  })
  .add('[T-38] of a hundred waits for one id, half of them begun after its end, none is missed', {
    async run({ backend, prefix, another, patienceMs, rounds }) {
      await using mine = resultsOver(backend, prefix, quick)
      await using theirs = resultsOver(await another(), prefix, quick)
      for (let round = 0; round < rounds; round++) {
        const id = `id-${round}`
        const wait = (): Promise<unknown> => mine.result(id).get({ timeoutMs: patienceMs })
        const early = Array.from({ length: 50 }, wait)
        await report(theirs, id, 'SUCCESS', round)
        const late = Array.from({ length: 50 }, wait)
        assert.deepEqual(new Set(await Promise.all([...early, ...late])), new Set([round]))
      }
      await assertNothingLeft(mine)
    },
  })
  .add('[T-39] of a thousand waits of which all but one are abandoned, nothing is left', {
    async run({ backend, prefix, patienceMs }) {
      await using results = resultsOver(backend, prefix, quick)
      const controller = new AbortController()
      const options = { signal: controller.signal, timeoutMs: 6 * patienceMs }
      const waits = Array.from({ length: 1000 }, (_, index) => results.result(`id-${index}`).get(options))
      const settled = Promise.allSettled(waits)
      await report(results, 'id-700', 'SUCCESS', 'first')
      assert.equal(await Promise.race(waits), 'first')
      controller.abort()
      const outcomes = await settled
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const outcome of outcomes) if (outcome.status === 'rejected') assert.ok(isError('aborted')(outcome.reason))
      await assertNothingLeft(results)
    },
  })
  .add('[T-31] of a thousand waits that time out, and of a thousand results that nobody waits for, nothing is left', {
    async run({ backend, prefix, patienceMs }) {
      await using results = resultsOver(backend, prefix, quick)
      const ids = named(1000)
      for (const id of ids) results.onTaskCall(id)
      assert.equal(results.waits.subscriptions, 0)
      const waits = ids.map((id, index) => results.result(id).get({ timeoutMs: index % 2 === 0 ? 0 : 50 }))
      await assertAllRejected(waits, 'timeout')
      await assertNothingLeft(results)
      await Promise.all(ids.map((id) => report(results, id, 'SUCCESS', id)))
      await assertNothingLeft(results)
      assert.equal(await results.result('key-0').get({ timeoutMs: patienceMs }), 'key-0')
    },
  })
  .list()

function named(count: number, prefix = 'key'): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
}

async function assertAllRejected(waits: readonly Promise<unknown>[], code: 'timeout' | 'aborted'): Promise<void> {
  for (const outcome of await Promise.allSettled(waits)) {
    assert.ok(
      outcome.status === 'rejected' && isError(code)(outcome.reason),
      `a wait that ended otherwise than with ${code}`,
    )
  }
}
