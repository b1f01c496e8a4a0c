import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Backend, Key } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { stored, textOf, versionOf } from '../values.ts'

/** What several writers see of each other. */
export const concurrency: readonly Case[] = new ChapterCases('concurrency')
  .add('of two writers that each create a key and then read the other one, at least one sees the other', {
    musts: ['reads see writes', 'concurrent calls'],
    async run({ backend, key, another }) {
      const other = await another()
      for (let round = 0; round < 50; round++) {
        const [left, right] = [key(`left-${round}`), key(`right-${round}`)]
        const seen = await Promise.all([createThenRead(backend, left, right), createThenRead(other, right, left)])
        assert.ok(seen.includes(true), `round ${round}: neither writer saw the other`)
      }
    },
  })
  .add('a read that begins after the write of another handle resolved sees it', {
    musts: ['reads see writes'],
    async run({ backend, key, another }) {
      const other = await another()
      for (let round = 0; round < 30; round++) {
        const [writer, reader] = round % 2 === 0 ? [backend, other] : [other, backend]
        await writer.set({ key: key('a'), value: `round ${round}` })
        assert.equal(textOf(await reader.get(key('a'))), `round ${round}`)
        assert.equal(textOf((await reader.mget([key('a')]))[0]), `round ${round}`)
      }
      await other.delete([key('a')])
      assert.equal(await backend.get(key('a')), undefined)
    },
  })
  .add('of many writers that create one key, one does', {
    musts: ['set is atomic', 'concurrent calls'],
    async run({ backend, key, another }) {
      const handles = [backend, await another()]
      for (let round = 0; round < 5; round++) {
        const writes = Array.from({ length: 32 }, async (_, index) => {
          const writer = handles[index % 2] ?? backend
          return (await writer.set({ key: key(`a-${round}`), value: `${index}`, if: 'absent' })).written
        })
        const written = await Promise.all(writes)
        assert.equal(written.filter(Boolean).length, 1)
        assert.equal(textOf(await backend.get(key(`a-${round}`))), `${written.indexOf(true)}`)
      }
    },
  })
  .add('of many writers over one version, one writes', {
    musts: ['set is atomic', 'concurrent calls'],
    async run({ backend, key, another }) {
      const handles = [backend, await another()]
      const version = versionOf(await backend.set({ key: key('a'), value: 'first' }))
      const writes = Array.from({ length: 32 }, async (_, index) => {
        const writer = handles[index % 2] ?? backend
        return (await writer.set({ key: key('a'), value: `${index}`, if: version })).written
      })
      const written = await Promise.all(writes)
      assert.equal(written.filter(Boolean).length, 1)
      assert.equal(textOf(await backend.get(key('a'))), `${written.indexOf(true)}`)
    },
  })
  .add('counting by reading and writing over the version loses no step', {
    musts: ['set is atomic'],
    async run({ backend, key, another }) {
      const other = await another()
      await backend.set({ key: key('count'), value: '0' })
      const count = async (writer: Backend): Promise<void> => {
        for (let step = 0; step < 10; step++) await increment(writer, key('count'))
      }
      await Promise.all([backend, other, backend, other].map(count))
      assert.equal(textOf(await backend.get(key('count'))), '40')
    },
  })
  .add('a conditional write that is retried after its answer was lost does not write again, and finds its own value', {
    musts: ['set with a condition'],
    async run({ backend, key }) {
      const create = { key: key('a'), value: `created ${randomUUID()}`, if: 'absent' } as const
      await backend.set(create)
      assert.equal((await backend.set(create)).written, false)
      const { version } = await stored(backend, key('a'))
      const replace = { key: key('a'), value: `replaced ${randomUUID()}`, if: version }
      await backend.set(replace)
      assert.deepEqual(await backend.set(replace), { written: false })
      assert.equal(textOf(await backend.get(key('a'))), replace.value)
    },
  })
  .add('versions do not repeat after a delete', {
    musts: ['versions differ'],
    async run({ backend, key, another }) {
      const handles = [backend, await another()]
      const seen = new Set<string>()
      for (let round = 0; round < 20; round++) {
        const writer = handles[round % 2] ?? backend
        const outcome = await writer.set({ key: key('a'), value: `${round}`, if: 'absent' })
        seen.add(versionOf(outcome))
        await writer.delete([key('a')])
      }
      assert.equal(seen.size, 20)
    },
  })
  .add('a writer that slept through a delete does not write over what came after', {
    musts: ['versions differ', 'set with a condition'],
    async run({ backend, key, another }) {
      const other = await another()
      const version = versionOf(await backend.set({ key: key('a'), value: 'old' }))
      await other.delete([key('a')])
      await other.set({ key: key('a'), value: 'new', if: 'absent' })
      assert.deepEqual(await backend.set({ key: key('a'), value: 'late', if: version }), { written: false })
      assert.equal(textOf(await backend.get(key('a'))), 'new')
    },
  })
  .add('a reader never sees half of a value', {
    musts: ['set is atomic', 'concurrent calls'],
    async run({ backend, key, another }) {
      const other = await another()
      const length = Math.min(64_000, backend.limits.maxValueBytes)
      await backend.set({ key: key('a'), value: 'x'.repeat(length) })
      const write = async (letter: string): Promise<void> => {
        for (let round = 0; round < 10; round++) await other.set({ key: key('a'), value: letter.repeat(length) })
      }
      const read = async (): Promise<void> => {
        for (let round = 0; round < 20; round++) {
          const text = textOf(await backend.get(key('a'))) ?? ''
          assert.ok(text.length === length && text === text.charAt(0).repeat(length), 'one value, whole')
        }
      }
      await Promise.all([write('y'), write('z'), read()])
    },
  })
  .add('many calls at once on one handle do not disturb each other', {
    musts: ['concurrent calls'],
    async run({ backend, keys }) {
      const names = keys(200)
      await Promise.all(
        names.map(async (key, index) => {
          await backend.set({ key, value: `${index}` })
          const [alone, [among]] = await Promise.all([backend.get(key), backend.mget([key])])
          assert.deepEqual([textOf(alone), textOf(among)], [`${index}`, `${index}`])
          if (index % 2 === 0) await backend.delete([key])
        }),
      )
      for (const [index, key] of names.entries()) {
        assert.equal(textOf(await backend.get(key)), index % 2 === 0 ? undefined : `${index}`)
      }
    },
  })
  .list()

async function increment(backend: Backend, key: Key): Promise<void> {
  for (let tries = 0; tries < 10_000; tries++) {
    const { value, version } = await stored(backend, key)
    const next = Number(textOf({ value })) + 1
    if ((await backend.set({ key, value: `${next}`, if: version })).written) return
  }
  assert.fail('no write over the version that was read just before ever happens')
}

async function createThenRead(writer: Backend, mine: Key, theirs: Key): Promise<boolean> {
  await writer.set({ key: mine, value: 'here', if: 'absent' })
  return (await writer.get(theirs)) !== undefined
}
