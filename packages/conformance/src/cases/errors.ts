import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { BackendError } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { within } from '../eventually.ts'
import { operationsOf } from '../operations.ts'
import { textOf } from '../values.ts'

const CREDENTIALS = /\/\/[^/@:]*:(?<password>[^/@]*)@/

/** How a backend fails, and what it says about itself. */
export const errors: readonly Case[] = new ChapterCases('errors')
  .add('an aborted signal rejects every operation with code aborted', {
    musts: ['failures reject'],
    async run({ backend, key }) {
      const operations = operationsOf(backend, key('a'), { signal: AbortSignal.abort(new Error('enough')) })
      for (const [name, operation] of Object.entries(operations)) {
        const rejected = operation() // a throw would end the case: a failure is a rejection
        await assert.rejects(
          rejected,
          (error) => BackendError.is(error, 'aborted'),
          `${name} rejects with code aborted`,
        )
      }
      assert.equal(await backend.get(key('a')), undefined, 'nothing was written')
    },
  })
  .add('an operation that is aborted under way settles, with code aborted if it fails', {
    musts: ['failures reject'],
    async run({ backend, key, patienceMs }) {
      const controller = new AbortController()
      const underWay = Object.values(operationsOf(backend, key('a'), { signal: controller.signal })).map((run) => run())
      const settled = Promise.allSettled(underWay)
      controller.abort()
      for (const outcome of await within(patienceMs, 'aborted operations', settled)) {
        if (outcome.status === 'rejected') assert.ok(BackendError.is(outcome.reason, 'aborted'), String(outcome.reason))
        else if (isDisposable(outcome.value)) await outcome.value[Symbol.asyncDispose]()
      }
    },
  })
  .add('a signal that is never aborted changes nothing and keeps no listener', {
    async run({ backend, key }) {
      const { signal } = new AbortController()
      for (let round = 0; round < 20; round++) {
        await backend.set({ key: key('a'), value: `${round}` }, { signal })
        assert.equal(textOf(await backend.get(key('a'), { signal })), `${round}`)
      }
      assert.equal(getEventListeners(signal, 'abort').length, 0)
    },
  })
  .add('exceptionSafeToRetry answers true or false for anything', {
    async run({ backend }) {
      for (const thrown of [undefined, null, 'text', 42, {}, new Error('unknown'), new TypeError('a mistake')]) {
        assert.equal(typeof backend.exceptionSafeToRetry(thrown), 'boolean')
      }
      assert.equal(backend.exceptionSafeToRetry(new TypeError('a mistake in the program')), false)
    },
  })
  .add('asUri tells an address, and masks the password unless it is asked for', {
    musts: ['masked password'],
    async run({ backend }) {
      const uri = backend.asUri()
      assert.match(uri, /^[a-z][a-z0-9+.-]*:/)
      assert.match(backend.asUri({ includePassword: true }), /^[a-z][a-z0-9+.-]*:/)
      assert.equal(backend.asUri({ includePassword: false }), uri)
      const shown = CREDENTIALS.exec(uri)?.groups?.['password']
      assert.match(shown ?? '**', /^\**$/, 'stars instead of a password')
    },
  })
  .add('a backend tells the contract that it was written for, its name, and limits that make sense', {
    async run({ backend }) {
      const { limits } = backend
      assert.equal(backend.specVersion, 1)
      assert.match(backend.name, /\S/)
      assert.ok(limits.maxKeyBytes >= 512, 'keys of at least 512 bytes')
      assert.ok(limits.maxValueBytes > 0, 'values')
      assert.ok(limits.maxBatchKeys >= 1, 'batches of at least one key')
      assert.ok(limits.expiryPrecisionSeconds >= 0, 'a precision of zero or more')
      assert.ok(limits.writesPerSecondPerKey > 0, 'writes')
      assert.ok(limits.pollFloorMs >= 0, 'a pause of zero or more')
    },
  })
  .list()

function isDisposable(value: unknown): value is AsyncDisposable {
  return typeof value === 'object' && value !== null && Symbol.asyncDispose in value
}
