import assert from 'node:assert/strict'
import type { Backend, Key, Scan } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { textOf, versionOf } from '../values.ts'

/** What the optional members do, where a backend has them. */
export const abilities: readonly Case[] = new ChapterCases('abilities')
  .add('presence answers in the order of the keys, also for keys named twice and for none', {
    needs: ['presence'],
    musts: ['presence'],
    async run({ backend, key }) {
      await backend.set({ key: key('a'), value: 'one' })
      await backend.set({ key: key('b'), value: '' })
      const answers = await backend.presence.exists([key('none'), key('a'), key('b'), key('none'), key('a')])
      assert.deepEqual(answers, [false, true, true, false, true])
      assert.deepEqual(await backend.presence.exists([]), [])
    },
  })
  .add('presence counts neither what has expired nor what was deleted', {
    needs: ['presence'],
    musts: ['presence', 'expiry in time'],
    async run({ backend, key, afterExpiry }) {
      await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 1 })
      await backend.set({ key: key('b'), value: 'one' })
      await backend.delete([key('b')])
      await afterExpiry(1, async () => {
        assert.deepEqual(await backend.presence.exists([key('a'), key('b')]), [false, false])
      })
    },
  })
  .add('presence sees what another handle wrote', {
    needs: ['presence'],
    musts: ['reads see writes'],
    async run({ backend, keys, another }) {
      const other = await another()
      for (const key of keys(10)) {
        await other.set({ key, value: 'one' })
        assert.deepEqual(await backend.presence.exists([key]), [true])
      }
    },
  })
  .add('presence takes as many keys as the limits say', {
    needs: ['presence'],
    async run({ backend, keys }) {
      const names = keys(Math.min(backend.limits.maxBatchKeys, 5000))
      await backend.set({ key: names.at(-1) ?? '', value: 'last' })
      const answers = await backend.presence.exists(names)
      assert.deepEqual([answers.length, answers.indexOf(true)], [names.length, names.length - 1])
    },
  })
  .add('bulk writes all, answers in their order, and takes none', {
    needs: ['bulk'],
    musts: ['bulk'],
    async run({ backend, keys }) {
      const names = keys(20)
      const outcomes = await backend.bulk.set(names.map((key) => ({ key, value: key })))
      assert.ok(outcomes.every((outcome) => 'written' in outcome && outcome.written))
      const values = await backend.mget(names)
      assert.deepEqual(
        values.map((value) => textOf(value)),
        names,
      )
      assert.deepEqual(
        outcomes.map((outcome) => ('written' in outcome ? versionOf(outcome) : outcome)),
        values.map((value) => value?.version),
      )
      assert.deepEqual(await backend.bulk.set([]), [])
    },
  })
  .add('bulk judges each condition by itself, and one that does not hold fails no other write', {
    needs: ['bulk'],
    musts: ['bulk', 'set with a condition'],
    async run({ backend, keys }) {
      const [a = '', b = '', c = '', d = ''] = keys(4)
      await backend.set({ key: b, value: 'old' })
      const version = versionOf(await backend.set({ key: c, value: 'old' }))
      const outcomes = await backend.bulk.set([
        { key: a, value: 'new', if: 'absent' },
        { key: b, value: 'new', if: 'absent' },
        { key: c, value: 'new', if: version },
        { key: d, value: 'new', if: version },
      ])
      assert.deepEqual(
        outcomes.map((outcome) => 'written' in outcome && outcome.written),
        [true, false, true, false],
      )
      const values = await backend.mget([a, b, c, d])
      assert.deepEqual(
        values.map((value) => textOf(value)),
        ['new', 'old', 'new', undefined],
      )
    },
  })
  .add('bulk lets the other writes happen when the store refuses one', {
    needs: ['bulk'],
    musts: ['bulk'],
    async run({ backend, keys }) {
      const [a = '', b = '', c = ''] = keys(3)
      const foreign = { key: b, value: 'new', if: 'not a version that this store has ever told' }
      const outcomes = await backend.bulk.set([{ key: a, value: 'new' }, foreign, { key: c, value: 'new' }])
      assert.equal(outcomes.length, 3)
      const [first, second, third] = outcomes.map((outcome) => 'written' in outcome && outcome.written)
      assert.deepEqual([first, second, third], [true, false, true])
      const values = await backend.mget([a, b, c])
      assert.deepEqual(
        values.map((value) => textOf(value)),
        ['new', undefined, 'new'],
      )
    },
  })
  .add('bulk gives each write its own expiry and takes the old one away', {
    needs: ['bulk'],
    musts: ['set replaces the expiry'],
    async run({ backend, keys, afterExpiry }) {
      const [a = '', b = '', c = ''] = keys(3)
      await backend.set({ key: b, value: 'old', expiresInSeconds: 1 })
      await backend.bulk.set([
        { key: a, value: 'new', expiresInSeconds: 1 },
        { key: b, value: 'new' },
        { key: c, value: 'new', expiresInSeconds: 1000 },
      ])
      await afterExpiry(1, async () => assert.equal(await backend.get(a), undefined))
      assert.deepEqual(
        (await backend.mget([b, c])).map((value) => textOf(value)),
        ['new', 'new'],
      )
    },
  })
  .add('the revision differs after a write of this handle, of another one, and after a delete', {
    needs: ['revision'],
    musts: ['revision differs'],
    async run({ backend, key, another }) {
      const other = await another()
      const seen = new Set([await backend.revision.get()])
      for (let round = 0; round < 5; round++) {
        await backend.set({ key: key('a'), value: `mine ${round}` })
        seen.add(await backend.revision.get())
        await other.set({ key: key('a'), value: `theirs ${round}` })
        seen.add(await backend.revision.get())
      }
      await other.delete([key('a')])
      seen.add(await backend.revision.get())
      assert.equal(seen.size, 12)
    },
  })
  .add('scan lists every key with the prefix, in pages, and no other', {
    needs: ['scan'],
    musts: ['scan lists'],
    async run({ backend, keys, key, prefix }) {
      const names = keys(25)
      for (const name of [...names, key('other')]) await backend.set({ key: name, value: 'one' })
      for (const limit of [undefined, 1, 7, 1000]) {
        assert.deepEqual(await scanned(backend.scan, `${prefix}key-`, limit), new Set(names))
      }
      assert.deepEqual(await scanned(backend.scan, `${prefix}none`), new Set())
    },
  })
  .add('scan lists a key that was there all the time, whatever else is written and deleted meanwhile', {
    needs: ['scan'],
    musts: ['scan lists'],
    async run({ backend, keys, prefix }) {
      const names = keys(40)
      for (const key of names) await backend.set({ key, value: 'one' })
      const lasting = names.filter((_, index) => index % 2 === 0)
      const found = new Set<Key>()
      let page = await backend.scan.keys(prefix, { limit: 5 })
      for (let round = 0; ; round++) {
        for (const key of page.keys) found.add(key)
        if (page.cursor === undefined) break
        if (round === 0) await backend.delete(names.filter((_, index) => index % 2 === 1))
        if (round < 5) await backend.set({ key: `${prefix}later-${round}`, value: 'one' })
        page = await backend.scan.keys(prefix, { limit: 5, cursor: page.cursor })
      }
      assert.deepEqual(
        lasting.filter((key) => !found.has(key)),
        [],
      )
    },
  })
  .add('scan takes the letters of a prefix as they are', {
    needs: ['scan'],
    musts: ['scan lists', 'keys are opaque'],
    async run({ backend, key }) {
      const names = ['a%b', 'a_b', 'a*b', 'a?b', 'a[b]', 'aXb', 'AXb', 'a\\b', 'ü', 'ü🎼']
      for (const name of names) await backend.set({ key: key(name), value: 'one' })
      for (const start of ['a%', 'a_', 'a*', 'a?', 'a[b]', 'aX', 'AX', 'a\\', 'ü', 'a']) {
        const expected = names.filter((name) => name.startsWith(start)).map((name) => key(name))
        assert.deepEqual(await scanned(backend.scan, key(start)), new Set(expected), `keys that begin with ${start}`)
      }
    },
  })
  .add('scan lists nothing that has expired', {
    needs: ['scan'],
    musts: ['scan lists'],
    async run({ backend, key, prefix, afterExpiry }) {
      await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 1 })
      await backend.set({ key: key('b'), value: 'one' })
      await afterExpiry(1, async () => {
        assert.deepEqual(await scanned(backend.scan, prefix), new Set([key('b')]))
      })
    },
  })
  .add('cleanup removes no more than its limit at once, ends, and touches nothing that lives', {
    needs: ['cleanup'],
    musts: ['cleanup spares'],
    async run({ backend, keys, key, afterExpiry }) {
      const dying = keys(7)
      for (const name of dying) await backend.set({ key: name, value: 'one', expiresInSeconds: 1 })
      await backend.set({ key: key('forever'), value: 'one' })
      await backend.set({ key: key('later'), value: 'one', expiresInSeconds: 100_000 })
      await backend.set({ key: key('revived'), value: 'one', expiresInSeconds: 1 })
      await backend.set({ key: key('revived'), value: 'two' })
      await afterExpiry(1, async () => assert.equal(await backend.get(dying[0] ?? ''), undefined))
      const removed = await cleanUp(backend, 3)
      assert.ok(
        removed.every((count) => count <= 3),
        `at most 3 at once, not ${removed.join()}`,
      )
      const values = await backend.mget([key('forever'), key('later'), key('revived'), ...dying])
      assert.deepEqual(
        values.slice(0, 3).map((value) => textOf(value)),
        ['one', 'one', 'two'],
      )
      assert.ok(
        values.slice(3).every((value) => value === undefined),
        'what expired is gone',
      )
    },
  })
  .add('the clock of the store goes forward and agrees with the expiries it tells', {
    needs: ['clock'],
    async run({ backend, key }) {
      const before = await backend.clock.now()
      await backend.set({ key: key('a'), value: 'one', expiresInSeconds: 1000 })
      const after = await backend.clock.now()
      assert.ok(after.getTime() >= before.getTime(), 'time does not go back')
      const { expiresAt } = (await backend.get(key('a'))) ?? {}
      const lifeSeconds = ((expiresAt?.getTime() ?? after.getTime() + 1_000_000) - after.getTime()) / 1000
      assert.ok(Math.abs(lifeSeconds - 1000) <= backend.limits.expiryPrecisionSeconds + 5, `not ${lifeSeconds} seconds`)
    },
  })
  .add('check names each problem with its remedy', {
    needs: ['check'],
    async run({ backend }) {
      for (const finding of await backend.check.run()) {
        assert.match(finding.problem, /\S/)
        assert.match(finding.remedy, /\S/)
      }
    },
  })
  .list()

/** The keys of all pages. Every key of a page begins with the prefix. */
async function scanned(scan: Scan, prefix: string, limit?: number): Promise<Set<Key>> {
  const found = new Set<Key>()
  let cursor: string | undefined
  do {
    const page = await scan.keys(prefix, { ...(limit && { limit }), ...(cursor !== undefined && { cursor }) })
    for (const key of page.keys) found.add(key)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

/** Runs the clean-up until it finds nothing; resolves to what each run removed. */
async function cleanUp(backend: Backend, limit: number): Promise<readonly number[]> {
  const counts: number[] = []
  for (let count = 1; count > 0; counts.push(count)) count = (await backend.cleanup?.run({ limit })) ?? 0
  return counts
}
