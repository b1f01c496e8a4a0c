import assert from 'node:assert/strict'
import { type Case, ChapterCases } from '../case.ts'
import { stored, textOf, versionOf } from '../values.ts'

/** Names that a careless mapping of keys confuses with each other. */
const LOOKALIKES = [
  'a/b',
  '../a',
  'a%2Fb',
  'a%252Fb',
  'a\\b',
  'A',
  'a',
  'ü',
  'u\u0308',
  'Ü',
  'ß',
  'ss',
  'a b',
  'a+b',
  'a%20b',
  'a.',
  'a_',
  'a%',
  'a*',
  'a?b',
  'a//b',
  './a',
  'a/',
  '.',
  '..',
  'a:b',
  'a;b',
  "a'b",
  'a"b',
  '🎼',
  'İ',
  'i',
  'I',
  'a\u200Bb',
  'ab',
  '{a}b',
  '__a__',
  'a\nb',
  'a#b',
  'a-1',
] as const

/** What a write does. */
export const storing: readonly Case[] = new ChapterCases('storing')
  .add('set replaces what is there', {
    musts: ['reads see writes'],
    async run({ backend, key }) {
      assert.equal((await backend.set({ key: key('a'), value: 'one' })).written, true)
      assert.equal((await backend.set({ key: key('a'), value: 'two' })).written, true)
      assert.equal(textOf(await backend.get(key('a'))), 'two')
    },
  })
  .add('set where absent writes only where there is nothing', {
    musts: ['set with a condition'],
    async run({ backend, key }) {
      assert.equal((await backend.set({ key: key('a'), value: 'one', if: 'absent' })).written, true)
      const outcome = await backend.set({ key: key('a'), value: 'two', if: 'absent' })
      assert.equal(outcome.written, false)
      const found = await backend.get(key('a'))
      assert.equal(textOf(found), 'one')
      if ('stored' in outcome) assert.deepEqual(outcome.stored, found, 'what the outcome tells is what is there')
    },
  })
  .add('set over a version writes over that one alone', {
    musts: ['set with a condition'],
    async run({ backend, key }) {
      const first = versionOf(await backend.set({ key: key('a'), value: 'one' }))
      const second = versionOf(await backend.set({ key: key('a'), value: 'two', if: first }))
      assert.deepEqual(await backend.set({ key: key('a'), value: 'three', if: first }), { written: false })
      assert.equal(textOf(await backend.get(key('a'))), 'two')
      assert.equal((await backend.set({ key: key('a'), value: 'three', if: second })).written, true)
      assert.equal(textOf(await backend.get(key('a'))), 'three')
    },
  })
  .add('set over a version does not write where nothing is', {
    musts: ['set with a condition'],
    async run({ backend, key }) {
      const version = versionOf(await backend.set({ key: key('a'), value: 'one' }))
      await backend.delete([key('a')])
      assert.deepEqual(await backend.set({ key: key('a'), value: 'two', if: version }), { written: false })
      assert.equal(await backend.get(key('a')), undefined)
    },
  })
  .add('a version that get or mget told is good for a condition', {
    async run({ backend, key }) {
      await backend.set({ key: key('a'), value: 'one' })
      const { version } = await stored(backend, key('a'))
      assert.equal((await backend.set({ key: key('a'), value: 'two', if: version })).written, true)
      const [entry] = await backend.mget([key('a')])
      assert.ok(entry)
      assert.equal((await backend.set({ key: key('a'), value: 'three', if: entry.version })).written, true)
      assert.equal(textOf(await backend.get(key('a'))), 'three')
    },
  })
  .add('a version told by set is the one that get tells', {
    async run({ backend, key }) {
      const version = versionOf(await backend.set({ key: key('a'), value: 'one' }))
      assert.equal((await stored(backend, key('a'))).version, version)
    },
  })
  .add('versions differ when values differ', {
    musts: ['versions differ'],
    async run({ backend, key }) {
      const versions = new Set<string>()
      for (let round = 0; round < 20; round++) {
        versions.add(versionOf(await backend.set({ key: key('a'), value: `round ${round}` })))
      }
      assert.equal(versions.size, 20)
    },
  })
  .add('delete removes keys and leaves the others', {
    async run({ backend, keys }) {
      const names = keys(4)
      for (const key of names) await backend.set({ key, value: key })
      await backend.delete(names.slice(0, 2))
      assert.deepEqual(
        (await backend.mget(names)).map((entry) => textOf(entry)),
        [undefined, undefined, names[2], names[3]],
      )
    },
  })
  .add('delete takes unknown keys, keys named twice, and none', {
    musts: ['delete of nothing'],
    async run({ backend, key }) {
      await backend.set({ key: key('a'), value: 'one' })
      await backend.delete([])
      await backend.delete([key('none')])
      await backend.delete([key('a'), key('none'), key('a')])
      await backend.delete([key('a')])
      assert.equal(await backend.get(key('a')), undefined)
    },
  })
  .add('delete takes as many keys as the limits say', {
    async run({ backend, keys }) {
      const names = keys(Math.min(backend.limits.maxBatchKeys, 5000))
      const last = names.at(-1) ?? ''
      await backend.set({ key: last, value: 'last' })
      await backend.delete(names)
      assert.equal(await backend.get(last), undefined)
    },
  })
  .add('a deleted key is absent for a condition', {
    async run({ backend, key }) {
      await backend.set({ key: key('a'), value: 'one' })
      await backend.delete([key('a')])
      assert.equal((await backend.set({ key: key('a'), value: 'two', if: 'absent' })).written, true)
    },
  })
  .add('keys that look alike are different keys', {
    musts: ['keys are opaque'],
    async run({ backend, key }) {
      for (const name of LOOKALIKES) {
        const outcome = await backend.set({ key: key(name), value: name, if: 'absent' })
        assert.equal(outcome.written, true, `nothing is under ${JSON.stringify(name)} yet`)
      }
      for (const name of LOOKALIKES) assert.equal(textOf(await backend.get(key(name))), name)
      await backend.delete([key('A'), key('a/b'), key('ü')])
      const left = LOOKALIKES.filter((name) => !['A', 'a/b', 'ü'].includes(name))
      assert.deepEqual(
        (await backend.mget(left.map((name) => key(name)))).map((entry) => textOf(entry)),
        left,
      )
    },
  })
  .add('a key may be as long as the limits say, and its last byte counts', {
    musts: ['keys are opaque'],
    async run({ backend, key, prefix }) {
      const room = Math.min(backend.limits.maxKeyBytes, 1024) - prefix.length
      const id = 'i'.repeat(300)
      const long = 'k'.repeat(room - 1)
      for (const name of [`${id}1`, `${id}2`, `${long}1`, `${long}2`])
        await backend.set({ key: key(name), value: name })
      for (const name of [`${id}1`, `${id}2`, `${long}1`, `${long}2`]) {
        assert.equal(textOf(await backend.get(key(name))), name)
      }
    },
  })
  .list()
