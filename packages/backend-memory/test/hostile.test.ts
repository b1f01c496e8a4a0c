import { Keys, Results } from '@arpeggio/core'
import { expect, it } from 'vitest'
import { MemoryBackend } from '../src/index.ts'

/** The longest text that is read, in characters. */
const longest = 0x10000000
const open = '{"status": "SUCCESS", "result": "'

it.each([
  ['of one string', open.padEnd(longest + 1, 'x')],
  ['of openings', '['.repeat(longest + 1)],
])('refuses a document over the limit of reading without a look at it: one %s', async (_, value) => {
  const backend = new MemoryBackend()
  await using results = new Results({ backend })
  await backend.set({ key: new Keys().task('a'), value })
  const began = performance.now()
  await expect(results.getTaskMeta('a')).rejects.toMatchObject({ code: 'unreadable' })
  await expect(results.markAsDone('a', 1)).rejects.toMatchObject({ code: 'unreadable' })
  await expect(results.result('a').get({ timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'unreadable' })
  expect(performance.now() - began).toBeLessThan(10_000)
})

it.each([
  ['lists', '['.repeat(30_000_000) + ']'.repeat(30_000_000)],
  ['lists without an end', '['.repeat(60_000_000)],
  ['objects', '{"a":'.repeat(12_000_000)],
])('refuses 60 MB of nested %s before anything is built of them', async (_, value) => {
  const backend = new MemoryBackend()
  await using results = new Results({ backend })
  await backend.set({ key: new Keys().task('a'), value })
  const before = { time: performance.now(), memory: process.memoryUsage.rss() }
  await expect(results.getTaskMeta('a')).rejects.toMatchObject({ code: 'unreadable' })
  expect(performance.now() - before.time).toBeLessThan(10_000)
  expect(process.memoryUsage.rss() - before.memory).toBeLessThan(200_000_000)
})

it('refuses to write a result over the limit of the store, and sends none of it', async () => {
  const backend = new MemoryBackend()
  await using results = new Results({ backend })
  const over = results.markAsDone('a', 'x'.repeat(backend.limits.maxValueBytes))
  await expect(over).rejects.toMatchObject({ code: 'too-large' })
  expect(await results.exists('a')).toBe(false)
})
