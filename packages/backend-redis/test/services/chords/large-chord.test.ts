import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { redis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { isFull } from '../test-size.ts'
import type { LargeChord } from './large-chord.ts'

const size = isFull ? 1_000_000 : 4_000
const script = join(import.meta.dirname, 'large-chord.ts')

/** A process with so much of a heap dies of a chord that it would hold as a whole. */
const heapMegabytes = isFull ? 256 : 64

it(`[T-61] [T-63] a chord of ${size} parts by reference ends in bounded memory, and no script of it blocks the server`, async () => {
  await using server = await redis({ own: true })
  const admin = new Redis(server.url)
  await admin.config('SET', 'busy-reply-threshold', 50)
  const args = ['--conditions=@arpeggio/source', '--no-warnings', `--max-old-space-size=${heapMegabytes}`]
  const { stdout } = await promisify(execFile)(process.execPath, [...args, script, server.url, String(size)])
  const told = JSON.parse(stdout) as LargeChord // written by the script
  expect(told).toMatchObject({
    missing: [size - 1],
    length: size,
    sum: (size * (size - 1)) / 2,
    last: size - 1,
    failures: [],
  })
  expect(await admin.info('errorstats')).not.toContain('errorstat_BUSY')
  expect((await admin.keys('*taskset*')).map((key) => key.slice(-2))).toEqual(['.f'])
  if (isFull) console.log(`${size} parts: ${told.seconds.toFixed(0)} s, ${told.peakMegabytes.toFixed(0)} MB at most`)
  admin.disconnect()
}, 1_800_000)
