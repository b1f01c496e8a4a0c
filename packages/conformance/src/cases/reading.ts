import assert from 'node:assert/strict'
import { type Case, ChapterCases } from '../case.ts'
import { bytesOf, stored, textOf } from '../values.ts'

/** What a read answers. */
export const reading: readonly Case[] = new ChapterCases('reading')
  .add('get resolves to undefined for a key that was never written', {
    musts: ['get of nothing'],
    async run({ backend, key }) {
      assert.equal(await backend.get(key('nothing')), undefined)
    },
  })
  .add('get answers the text that was written', {
    musts: ['reads see writes'],
    async run({ backend, key }) {
      await backend.set({ key: key('text'), value: '{"status": "SUCCESS"}' })
      assert.equal(textOf(await backend.get(key('text'))), '{"status": "SUCCESS"}')
    },
  })
  .add('text comes back whole: empty, with U+0000, beyond the basic plane, with a byte order mark', {
    async run({ backend, key }) {
      for (const value of ['', 'a\u0000b', 'Käse 🎼', '\uFEFFmark', '\\ " \' % \n\r\t']) {
        await backend.set({ key: key('text'), value })
        assert.equal(textOf(await backend.get(key('text'))), value)
      }
    },
  })
  .add('bytes come back whole, all 256 of them', {
    async run({ backend, key }) {
      const value = Uint8Array.from({ length: 256 }, (_, index) => index)
      await backend.set({ key: key('bytes'), value })
      assert.deepEqual(bytesOf(await backend.get(key('bytes'))), [...value])
    },
  })
  .add('a view into a larger buffer is written as the view alone', {
    async run({ backend, key }) {
      const value = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4)
      await backend.set({ key: key('view'), value })
      assert.deepEqual(bytesOf(await backend.get(key('view'))), [1, 2, 3])
    },
  })
  .add('a value of a megabyte comes back whole, or as long a one as the store takes', {
    async run({ backend, key }) {
      const value = 'x'.repeat(Math.min(1_000_000, backend.limits.maxValueBytes))
      await backend.set({ key: key('large'), value })
      assert.ok(textOf(await backend.get(key('large'))) === value, 'the value that was written')
    },
  })
  .add('what a caller does to bytes afterwards does not reach the store', {
    async run({ backend, key }) {
      const written = new Uint8Array([1, 2, 3])
      await backend.set({ key: key('shared'), value: written })
      written.fill(0)
      const first = await stored(backend, key('shared'))
      assert.deepEqual(bytesOf(first), [1, 2, 3], 'the bytes of the moment of writing')
      if (typeof first.value !== 'string') first.value.fill(0)
      assert.deepEqual(bytesOf(await backend.get(key('shared'))), [1, 2, 3], 'the bytes of the moment of writing')
    },
  })
  .add('mget answers in the order of the keys, with undefined for what is not there', {
    musts: ['mget in order'],
    async run({ backend, keys }) {
      const names = keys(6)
      for (const [index, key] of names.entries()) {
        if (index !== 3) await backend.set({ key, value: `value ${index}` })
      }
      const order = [5, 3, 0, 4, 1, 2]
      const answers = await backend.mget(order.map((index) => names[index] ?? ''))
      assert.deepEqual(
        answers.map((answer) => textOf(answer)),
        ['value 5', undefined, 'value 0', 'value 4', 'value 1', 'value 2'],
      )
    },
  })
  .add('mget answers a key named twice twice', {
    musts: ['mget in order'],
    async run({ backend, key }) {
      await backend.set({ key: key('a'), value: 'A' })
      const answers = await backend.mget([key('a'), key('none'), key('a'), key('none')])
      assert.deepEqual(
        answers.map((answer) => textOf(answer)),
        ['A', undefined, 'A', undefined],
      )
    },
  })
  .add('mget of no keys answers no entries', {
    musts: ['mget in order'],
    async run({ backend }) {
      assert.deepEqual(await backend.mget([]), [])
    },
  })
  .add('mget takes as many keys as the limits say', {
    musts: ['mget in order'],
    async run({ backend, keys }) {
      const names = keys(Math.min(backend.limits.maxBatchKeys, 5000))
      const last = names.at(-1) ?? ''
      await backend.set({ key: last, value: 'last' })
      const answers = await backend.mget(names)
      assert.equal(answers.length, names.length)
      assert.equal(textOf(answers.at(-1)), 'last')
      assert.ok(answers.slice(0, -1).every((answer) => answer === undefined))
    },
  })
  .add('mget tells the versions and expiries that get tells', {
    async run({ backend, key }) {
      await backend.set({ key: key('a'), value: 'A', expiresInSeconds: 1000 })
      const [entry] = await backend.mget([key('a')])
      const alone = await stored(backend, key('a'))
      assert.equal(entry?.version, alone.version)
      assert.equal(entry?.expiresAt?.getTime(), alone.expiresAt?.getTime())
    },
  })
  .list()
