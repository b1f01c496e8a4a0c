import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { MemoryBackend } from '@arpeggio/backend-memory'
import { SqliteBackend } from '@arpeggio/backend-sqlite'
import type { Backend } from '@arpeggio/core'
import type { Benchmark, Count } from './benchmark.ts'
import { ChordLife } from './chord-life.ts'
import type { Case, Round } from './measure.ts'
import { counting } from './store-calls.ts'

const CONCURRENCY = 64
const SMALL = 1_000
const LARGE = 100_000
/** So many small chords make a round that is long enough to be timed. */
const SMALL_CHORDS = 10
const HEAP_MB = 256

interface Opened {
  readonly backend: Backend
  readonly remove?: () => void
}

/** What a chord costs beside its tasks: starting it, its parts coming back, its body's message, and cleaning up. */
export const chords: Benchmark = {
  summary: `the bookkeeping of chords, ${CONCURRENCY} parts at a time, a large chord against small ones`,
  sections: [
    { title: 'chord in memory', cases: bothSizes(20_000, inMemory) },
    { title: 'chord in SQLite', cases: bothSizes(2_000, inSqlite) },
  ],
  tallies: [
    { title: 'store calls per part', count: storeCalls },
    { title: `by reference, with a heap of ${HEAP_MB} MB`, count: byReference },
  ],
}

function bothSizes(perSecond: number, open: () => Opened): readonly Case[] {
  return [
    { ...joining(SMALL_CHORDS, SMALL, open), goal: { perSecond } },
    { ...joining(1, LARGE, open), goal: { perSecond, timesFloor: 1.3 } },
  ]
}

function joining(count: number, parts: number, open: () => Opened): Case {
  return {
    name: `${parts.toLocaleString('en')} parts`,
    operations: count * parts,
    prepare: async (): Promise<Round> => {
      const { backend, remove } = open()
      const life = new ChordLife(backend)
      await life.run(1, 1)
      return {
        run: async () => {
          for (let each = 0; each < count; each += 1) await life.run(parts, CONCURRENCY)
        },
        close: async () => {
          await life.results.close()
          remove?.()
        },
      }
    },
  }
}

/** Everything a chord asks of the store, without the parts' own results. A batch is one call. */
async function storeCalls(): Promise<readonly Count[]> {
  return [
    ...(await callsOf(SMALL, 1, 3.1)),
    ...(await callsOf(10 * SMALL, 1, 3.1)),
    ...(await callsOf(SMALL, CONCURRENCY, 3.4)),
    ...(await callsOf(LARGE, CONCURRENCY, 4.8)),
  ]
}

async function callsOf(parts: number, concurrency: number, most: number): Promise<readonly Count[]> {
  const { backend, calls } = counting(new MemoryBackend())
  const life = new ChordLife(backend)
  await life.run(parts, concurrency)
  await life.results.close()
  const name = `${parts.toLocaleString('en')} parts, ${concurrency === 1 ? 'one after another' : `${concurrency} at a time`}`
  return [
    { name, value: (calls.all - calls.deletes) / parts, most },
    { name: `${name}: deletes`, value: calls.deletes / parts },
  ]
}

/** In a process of its own, which dies when it needs more. */
async function byReference(): Promise<readonly Count[]> {
  const script = fileURLToPath(new URL('chord-by-reference.ts', import.meta.url))
  const flags = [
    `--max-old-space-size=${HEAP_MB}`,
    '--conditions=@arpeggio/source',
    '--disable-warning=ExperimentalWarning',
  ]
  const counts: Count[] = []
  for (const store of ['memory', 'sqlite']) {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, store, String(LARGE)])
    counts.push({ name: `${LARGE.toLocaleString('en')} parts, ${store}: seconds`, value: Number(stdout) })
  }
  return counts
}

function inMemory(): Opened {
  return { backend: new MemoryBackend() }
}

function inSqlite(): Opened {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const backend = new SqliteBackend({ path: join(folder, 'results.db') })
  return { backend, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
