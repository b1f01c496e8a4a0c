import assert from 'node:assert/strict'
import { type Case, ChapterCases } from '../case.ts'
import { stored, textOf, versionOf } from '../values.ts'

/** When values go, and that nothing else does. */
export const expiry: readonly Case[] = new ChapterCases('expiry')
  .add('get and mget answer undefined for what has expired', {
    musts: ['get of nothing', 'expiry in time'],
    async run({ backend, key, afterExpiry }) {
      await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 1 })
      await backend.set({ key: key('b'), value: 'two' })
      await afterExpiry(1, async () => assert.equal(await backend.get(key('a')), undefined))
      const answers = await backend.mget([key('a'), key('b')])
      assert.deepEqual(
        answers.map((answer) => textOf(answer)),
        [undefined, 'two'],
      )
    },
  })
  .add('a value is there until it expires', {
    async run({ backend, key, advance }) {
      await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 100 })
      await advance(99)
      assert.equal(textOf(await backend.get(key('a'))), 'one')
      assert.equal(textOf((await backend.mget([key('a')]))[0]), 'one')
    },
  })
  .add('a value may expire in a fraction of a second, or in twenty years', {
    musts: ['expiry in time'],
    async run({ backend, key, afterExpiry }) {
      await backend.set({ key: key('short'), value: 'one', expiresInSeconds: 0.25 })
      await backend.set({ key: key('long'), value: 'two', expiresInSeconds: 20 * 365 * 86_400 })
      await afterExpiry(0.25, async () => assert.equal(await backend.get(key('short')), undefined))
      assert.equal(textOf(await backend.get(key('long'))), 'two')
    },
  })
  .add('an expired value counts as absent for a condition', {
    async run({ backend, key, afterExpiry }) {
      await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 1 })
      await afterExpiry(1, async () => {
        assert.equal((await backend.set({ key: key('a'), value: 'two', if: 'absent' })).written, true)
      })
      assert.equal(textOf(await backend.get(key('a'))), 'two')
    },
  })
  .add('the version of an expired value is not there to be written over', {
    musts: ['set with a condition'],
    async run({ backend, key, afterExpiry }) {
      const version = versionOf(await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 1 }))
      await afterExpiry(1, async () => assert.equal(await backend.get(key('a')), undefined))
      assert.deepEqual(await backend.set({ key: key('a'), value: 'two', if: version }), { written: false })
      assert.equal(await backend.get(key('a')), undefined)
    },
  })
  .add('an expiry does not survive a write without one', {
    musts: ['set replaces the expiry'],
    async run({ backend, key, afterExpiry }) {
      await backend.set({ key: key('witness'), value: 'one', expiresInSeconds: 1 })
      await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 1 })
      await backend.set({ key: key('a'), value: 'two' })
      const version = versionOf(await backend.set({ key: key('b'), value: 'one', expiresInSeconds: 1 }))
      await backend.set({ key: key('b'), value: 'two', if: version })
      await afterExpiry(1, async () => assert.equal(await backend.get(key('witness')), undefined))
      assert.equal(textOf(await backend.get(key('a'))), 'two')
      assert.equal(textOf(await backend.get(key('b'))), 'two')
      assert.equal((await stored(backend, key('a'))).expiresAt, undefined)
    },
  })
  .add('a write replaces the expiry, to later and to sooner', {
    musts: ['set replaces the expiry'],
    async run({ backend, key, afterExpiry }) {
      await backend.set({ key: key('later'), value: 'one', expiresInSeconds: 1 })
      await backend.set({ key: key('later'), value: 'two', expiresInSeconds: 1000 })
      await backend.set({ key: key('sooner'), value: 'one', expiresInSeconds: 1000 })
      await backend.set({ key: key('sooner'), value: 'two', expiresInSeconds: 1 })
      await afterExpiry(1, async () => assert.equal(await backend.get(key('sooner')), undefined))
      assert.equal(textOf(await backend.get(key('later'))), 'two')
    },
  })
  .add('a write whose condition does not hold leaves the expiry alone', {
    musts: ['set with a condition'],
    async run({ backend, key, afterExpiry }) {
      await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 1 })
      await backend.set({ key: key('a'), value: 'two', if: 'absent', expiresInSeconds: 1000 })
      await backend.set({ key: key('b'), value: 'one' })
      await backend.set({ key: key('b'), value: 'two', if: 'absent', expiresInSeconds: 1 })
      await afterExpiry(1, async () => assert.equal(await backend.get(key('a')), undefined))
      assert.equal(textOf(await backend.get(key('b'))), 'one')
    },
  })
  .add('a deleted value does not leave its expiry to the next one', {
    musts: ['set replaces the expiry'],
    async run({ backend, key, afterExpiry }) {
      await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 1 })
      await backend.set({ key: key('witness'), value: 'one', expiresInSeconds: 1 })
      await backend.delete([key('a')])
      await backend.set({ key: key('a'), value: 'two', if: 'absent' })
      await afterExpiry(1, async () => assert.equal(await backend.get(key('witness')), undefined))
      assert.equal(textOf(await backend.get(key('a'))), 'two')
    },
  })
  .add('an expiry that the store tells is the one that was asked for', {
    async run({ backend, key }) {
      await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 1000 })
      await backend.set({ key: key('b'), value: 'one', expiresInSeconds: 3000 })
      const [a, b] = await backend.mget([key('a'), key('b')])
      if (a?.expiresAt === undefined || b?.expiresAt === undefined) {
        assert.equal(a?.expiresAt, b?.expiresAt, 'both expiries told, or neither')
        return
      }
      const apartSeconds = (b.expiresAt.getTime() - a.expiresAt.getTime()) / 1000
      const tolerance = backend.limits.expiryPrecisionSeconds + 5
      assert.ok(Math.abs(apartSeconds - 2000) <= tolerance, `2000 seconds apart, not ${apartSeconds}`)
    },
  })
  .add('a value that never expires tells no expiry', {
    async run({ backend, key }) {
      await backend.set({ key: key('a'), value: 'one' })
      assert.equal((await stored(backend, key('a'))).expiresAt, undefined)
    },
  })
  .list()
