import assert from 'node:assert/strict'
import { BackendError } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { within } from '../eventually.ts'
import { operationsOf } from '../operations.ts'
import { textOf } from '../values.ts'

/** What disposal ends, and what it leaves. */
export const lifeCycle: readonly Case[] = new ChapterCases('life cycle')
  .add('after disposal every operation rejects with code disposed', {
    musts: ['disposed'],
    async run({ backend, key }) {
      const operations = operationsOf(backend, key('a'))
      await backend[Symbol.asyncDispose]()
      for (const [name, operation] of Object.entries(operations)) {
        await assert.rejects(operation(), isDisposed, `${name} rejects with code disposed`)
      }
    },
  })
  .add('after disposal an operation with an aborted signal rejects too', {
    musts: ['disposed'],
    async run({ backend, key }) {
      await backend[Symbol.asyncDispose]()
      await assert.rejects(backend.get(key('a'), { signal: AbortSignal.abort() }), (error) =>
        BackendError.is(error, 'disposed', 'aborted'),
      )
    },
  })
  .add('a backend may be disposed twice, also at once', {
    async run({ backend, key }) {
      await backend.set({ key: key('a'), value: 'one' })
      await Promise.all([backend[Symbol.asyncDispose](), backend[Symbol.asyncDispose]()])
      await backend[Symbol.asyncDispose]()
    },
  })
  .add('a backend may be disposed before it was used', {
    async run({ backend }) {
      await backend[Symbol.asyncDispose]()
    },
  })
  .add('operations under way at disposal settle: done, or rejected with code disposed', {
    musts: ['disposed'],
    async run({ backend, keys, patienceMs }) {
      const underWay = keys(20).flatMap((key) => [backend.set({ key, value: key }), backend.get(key)])
      const settled = Promise.allSettled(underWay)
      await within(patienceMs, 'disposal', Promise.resolve(backend[Symbol.asyncDispose]()))
      for (const outcome of await within(patienceMs, 'operations under way', settled)) {
        if (outcome.status === 'rejected') assert.ok(isDisposed(outcome.reason), String(outcome.reason))
      }
    },
  })
  .add('what was written is there for the next handle', {
    asks: ['openAnother'],
    async run({ backend, key, another }) {
      const writer = await another()
      await writer.set({ key: key('a'), value: 'one' })
      await writer[Symbol.asyncDispose]()
      assert.equal(textOf(await backend.get(key('a'))), 'one')
      const late = await another()
      assert.equal(textOf(await late.get(key('a'))), 'one')
    },
  })
  .add('disposing one handle leaves the others at work', {
    asks: ['openAnother'],
    async run({ backend, key, another }) {
      const other = await another()
      await other.set({ key: key('a'), value: 'one' })
      await other[Symbol.asyncDispose]()
      await backend.set({ key: key('a'), value: 'two' })
      assert.equal(textOf(await backend.get(key('a'))), 'two')
    },
  })
  .add('disposal closes the stream of notifications', {
    needs: ['notifications'],
    musts: ['disposed'],
    async run({ backend, key }) {
      const stream = await backend.notifications.open(() => {})
      await stream.subscribe([key('a')])
      await backend[Symbol.asyncDispose]()
      await assert.rejects(stream.subscribe([key('b')]), isDisposed)
      await stream[Symbol.asyncDispose]()
    },
  })
  .list()

function isDisposed(error: unknown): boolean {
  return BackendError.is(error, 'disposed')
}
