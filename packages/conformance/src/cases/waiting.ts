import assert from 'node:assert/strict'
import { type Backend, BackendError, wrap } from '@arpeggio/core'
import { assertNothingLeft, isError } from '../assertions.ts'
import { type Case, ChapterCases } from '../case.ts'
import { documentKey, report, resultsOver } from '../documents.ts'
import { eventually } from '../eventually.ts'

const quick = { pollCeilingMs: 20 } as const

/** That whoever waits is woken, once, whatever happens in between, and leaves nothing behind. */
export const waiting: readonly Case[] = new ChapterCases('waiting')
  .add('a wait for what is stored already ends at once', {
    musts: ['reads see writes'],
    async run({ backend, prefix, another, patienceMs }) {
      await using mine = resultsOver(backend, prefix, quick)
      await using theirs = resultsOver(await another(), prefix, quick)
      await report(theirs, 'a', 'SUCCESS', 42)
      assert.equal(await mine.result('a').get({ timeoutMs: patienceMs }), 42)
      await assertNothingLeft(mine)
    },
  })
  .add('a result that another process stores at any moment of a wait wakes it', {
    musts: ['reads see writes', 'subscribe is acknowledged'],
    async run({ backend, prefix, another, patienceMs }) {
      await using mine = resultsOver(backend, prefix, quick)
      await using theirs = resultsOver(await another(), prefix, quick)
      for (let turns = 0; turns < 20; turns++) {
        const value = mine.result(`after-${turns}`).get({ timeoutMs: patienceMs })
        for (let turn = 0; turn < turns; turn++) await Promise.resolve()
        await report(theirs, `after-${turns}`, 'SUCCESS', turns)
        assert.equal(await value, turns)
      }
      await assertNothingLeft(mine)
    },
  })
  .add('a result that is stored between the steps of a wait wakes it, whichever step that is', {
    musts: ['subscribe is acknowledged'],
    async run({ backend, prefix, patienceMs }) {
      await using writer = resultsOver(backend, prefix, quick)
      for (let step = 0; step < 6; step++) {
        const id = `step-${step}`
        const hooked = beforeStep(backend, step, () => report(writer, id, 'SUCCESS', step))
        await using reader = resultsOver(hooked.backend, prefix, quick)
        const value = reader.result(id).get({ timeoutMs: patienceMs })
        // A wait may need fewer steps than this; then the result comes afterwards.
        await eventually(patienceMs, async () => {
          if (!hooked.hasCome()) await hooked.come()
        })
        assert.equal(await value, step)
      }
    },
  })
  .add('without notifications and without a revision a wait ends too', {
    async run({ backend, prefix, patienceMs }) {
      const plain = wrap(backend, { notifications: undefined, revision: undefined })
      await using mine = resultsOver(plain, prefix, quick)
      await using theirs = resultsOver(backend, prefix, quick)
      const value = mine.result('a').get({ timeoutMs: patienceMs })
      await report(theirs, 'a', 'STARTED')
      await report(theirs, 'a', 'SUCCESS', 42)
      assert.equal(await value, 42)
    },
  })
  .add('[T-37] reads that fail for now end no wait', {
    musts: ['failures reject'],
    async run({ backend, prefix, patienceMs }) {
      await using theirs = resultsOver(backend, prefix, quick)
      await using mine = resultsOver(failingReads(backend, 3), prefix, quick)
      const ids = Array.from({ length: 30 }, (_, index) => `id-${index}`)
      const values = Promise.all(ids.map((id) => mine.result(id).get({ timeoutMs: patienceMs })))
      for (const id of ids) await report(theirs, id, 'SUCCESS', id)
      assert.deepEqual(await values, ids)
    },
  })
  .add('a task that fails rejects with its error, and leaves nothing behind', {
    async run({ backend, prefix, another, patienceMs }) {
      await using mine = resultsOver(backend, prefix, quick)
      await using theirs = resultsOver(await another(), prefix, quick)
      const rejected = assert.rejects(mine.result('a').get({ timeoutMs: patienceMs }), /broken on purpose/)
      await report(theirs, 'a', 'FAILURE', 'broken on purpose')
      await rejected
      await assert.rejects(mine.result('a').get({ timeoutMs: patienceMs }), /broken on purpose/, 'stored already')
      const later = assert.rejects(mine.result('b').get({ timeoutMs: patienceMs }), /broken after a start/)
      await report(theirs, 'b', 'STARTED')
      await report(theirs, 'b', 'FAILURE', 'broken after a start')
      await later
      await assertNothingLeft(mine)
    },
  })
  .add('[T-40] a timeout of nothing reads once, a short one ends, a negative one is a mistake, an infinite one waits', {
    async run({ backend, prefix, patienceMs }) {
      await using results = resultsOver(backend, prefix, quick)
      const wait = (timeoutMs: number): Promise<unknown> => results.result('a').get({ timeoutMs })
      await assert.rejects(wait(0), isError('timeout'))
      await assert.rejects(wait(1), isError('timeout'))
      await assert.rejects(async () => wait(-1), TypeError)
      await assert.rejects(async () => wait(Number.NaN), TypeError)
      const endless = wait(Infinity)
      await report(results, 'a', 'SUCCESS', 42)
      assert.equal(await endless, 42)
      assert.equal(await results.result('a').get({ timeoutMs: 0 }), 42)
      await assert.rejects(
        results.result('b').get({ timeoutMs: patienceMs, signal: AbortSignal.abort() }),
        isError('aborted'),
      )
      await assertNothingLeft(results)
    },
  })
  .add('[T-36] what was seen and then removed ends a wait with not-found, before, during and after it', {
    async run({ backend, prefix, another, patienceMs }) {
      await using mine = resultsOver(backend, prefix, quick)
      await using theirs = resultsOver(await another(), prefix, quick)
      await report(theirs, 'a', 'STARTED')
      await theirs.forget('a')
      await assert.rejects(mine.result('a').get({ timeoutMs: 50 }), isError('timeout', 'not-found'), 'before')
      await report(theirs, 'b', 'STARTED')
      const steps = mine.watch('b', { timeoutMs: patienceMs })[Symbol.asyncIterator]()
      assert.equal((await steps.next()).value?.status, 'STARTED')
      await theirs.forget('b')
      await assert.rejects(steps.next(), isError('not-found'), 'during')
      await report(theirs, 'c', 'SUCCESS', 42)
      assert.equal(await mine.result('c').get({ timeoutMs: patienceMs }), 42)
      await theirs.forget('c')
      assert.equal((await mine.getTaskMeta('c', { cache: false })).status, 'PENDING', 'after')
      await assertNothingLeft(mine)
    },
  })
  .add('[T-43] ids that are bogus, queued, expired or forgotten are pending, and waits for them end with a timeout', {
    musts: ['get of nothing', 'expiry in time'],
    async run({ backend, prefix, afterExpiry }) {
      await using results = resultsOver(backend, prefix, { ...quick, expiresInSeconds: 1 })
      await report(results, 'expired', 'SUCCESS', 1)
      await report(results, 'forgotten', 'SUCCESS', 1)
      await results.forget('forgotten')
      await afterExpiry(1, async () => assert.equal(await backend.get(documentKey(prefix, 'expired')), undefined))
      for (const id of ['bogus ✗ / % id', 'queued', 'expired', 'forgotten']) {
        assert.equal((await results.getTaskMeta(id, { cache: false })).status, 'PENDING', id)
        await assert.rejects(results.result(id).get({ timeoutMs: 20 }), isError('timeout', 'not-found', 'expired'), id)
      }
    },
  })
  .add('watch tells progress as it comes, and ends with the end', {
    async run({ backend, prefix, another, patienceMs }) {
      await using mine = resultsOver(backend, prefix, quick)
      await using theirs = resultsOver(await another(), prefix, quick)
      const seen: string[] = []
      for (const next of ['STARTED', 'PROGRESS']) {
        await report(theirs, 'a', next)
        for await (const meta of mine.watch('a', { timeoutMs: patienceMs })) {
          seen.push(meta.status)
          break
        }
      }
      const rest = mine.watch('a', { timeoutMs: patienceMs })
      await report(theirs, 'a', 'SUCCESS', 42)
      for await (const meta of rest) seen.push(meta.status)
      assert.deepEqual([seen[0], seen[1], seen.at(-1)], ['STARTED', 'PROGRESS', 'SUCCESS'])
      await assertNothingLeft(mine)
    },
  })
  .add('as completed tells each task once', {
    async run({ backend, prefix, another, patienceMs }) {
      await using mine = resultsOver(backend, prefix, quick)
      await using theirs = resultsOver(await another(), prefix, quick)
      const ids = Array.from({ length: 20 }, (_, index) => `id-${index}`)
      const reports = Promise.all(ids.map((id) => report(theirs, id, 'SUCCESS', id)))
      const seen: string[] = []
      for await (const meta of mine.asCompleted(ids, { timeoutMs: patienceMs })) seen.push(meta.taskId)
      await reports
      assert.deepEqual(seen.toSorted(), ids.toSorted())
      await assertNothingLeft(mine)
    },
  })
  .add('the end of the results ends every wait with disposed', {
    musts: ['disposed'],
    async run({ backend, prefix, patienceMs }) {
      const results = resultsOver(backend, prefix, quick)
      const waits = ['a', 'b', 'c'].map((id) => results.result(id).get({ timeoutMs: patienceMs }))
      const settled = Promise.allSettled(waits)
      await results[Symbol.asyncDispose]()
      for (const outcome of await settled) {
        assert.ok(outcome.status === 'rejected' && isError('disposed')(outcome.reason))
      }
    },
  })
  .list()

/** Fails every nth read as a store does that is busy. */
function failingReads(backend: Backend, nth: number): Backend {
  let count = 0
  const check = (): void => {
    if (++count % nth === 0) throw new BackendError('unavailable', 'The store is busy')
  }
  return wrap(backend, {
    get: async (key, options) => {
      check()
      return backend.get(key, options)
    },
    mget: async (keys, options) => {
      check()
      return backend.mget(keys, options)
    },
  })
}

interface Hooked {
  readonly backend: Backend
  readonly hasCome: () => boolean
  readonly come: () => Promise<void>
}

/** Calls `hook` once: after the given number of steps that a wait takes on the store, or when asked to. */
function beforeStep(backend: Backend, steps: number, hook: () => Promise<void>): Hooked {
  let left = steps
  let coming: Promise<void> | undefined
  const come = (): Promise<void> => (coming ??= hook())
  const step = async <Answer>(operation: () => Promise<Answer>): Promise<Answer> => {
    if (left-- === 0) await come()
    const answer = await operation()
    if (left-- === 0) await come()
    return answer
  }
  const { notifications } = backend
  const hooked = wrap(backend, {
    get: (key, options) => step(() => backend.get(key, options)),
    mget: (keys, options) => step(() => backend.mget(keys, options)),
    ...(notifications && {
      notifications: {
        open: async (listener, options) => {
          const stream = await step(() => notifications.open(listener, options))
          return {
            subscribe: (keys) => step(() => stream.subscribe(keys)),
            unsubscribe: (keys) => stream.unsubscribe(keys),
            [Symbol.asyncDispose]: async () => stream[Symbol.asyncDispose](),
          }
        },
      },
    }),
  })
  return { backend: hooked, hasCome: () => coming !== undefined, come }
}
