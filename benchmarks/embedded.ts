import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MemoryBackend } from '@arpeggio/backend-memory'
import { SqliteBackend } from '@arpeggio/backend-sqlite'
import { inParallel } from './in-parallel.ts'
import type { Case } from './measure.ts'
import { encodedMeta, ordinaryKey } from './ordinary-meta.ts'
import { storing } from './results-cases.ts'
import type { Benchmark } from './benchmark.ts'

const CONCURRENCY = 100

/** Storing results through everything that `Results` does, against writing the same documents to the bare store. */
export const embedded: Benchmark = {
  summary: `storing results in the embedded stores, ${CONCURRENCY} at a time, against the bare store`,
  sections: [
    {
      title: 'store in memory',
      cases: [
        rawMap(20_000),
        storing({
          operations: 20_000,
          concurrency: CONCURRENCY,
          goal: { perSecond: 100_000 },
          open: () => ({ backend: new MemoryBackend() }),
        }),
      ],
    },
    {
      title: 'store in SQLite',
      cases: [
        rawSqlite(5_000),
        storing({
          operations: 5_000,
          concurrency: CONCURRENCY,
          goal: { perSecond: 10_000 },
          open: () => {
            const folder = temporaryFolder()
            return { backend: new SqliteBackend({ path: join(folder, 'results.db') }), remove: () => remove(folder) }
          },
        }),
      ],
    },
  ],
}

function rawMap(operations: number): Case {
  return {
    name: 'Map.set',
    operations,
    prepare: () => {
      const map = new Map<string, string>()
      const documents = encoded(operations)
      return {
        run: () =>
          inParallel(operations, CONCURRENCY, async (index) => {
            map.set(ordinaryKey(index), documents[index] ?? '')
          }),
      }
    },
  }
}

/** The same rows in one prepared statement, a transaction for each hundred. */
function rawSqlite(operations: number): Case {
  return {
    name: 'node:sqlite, batched',
    operations,
    prepare: () => {
      const folder = temporaryFolder()
      const database = new DatabaseSync(join(folder, 'raw.db'))
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
      database.exec(
        'CREATE TABLE raw (key TEXT NOT NULL PRIMARY KEY, value ANY NOT NULL, version TEXT, expires INTEGER) STRICT',
      )
      const documents = encoded(operations)
      const put = database.prepare('INSERT OR REPLACE INTO raw VALUES (?, ?, ?, ?)')
      return {
        run: () => {
          for (let index = 0; index < operations; index += 1) {
            if (index % CONCURRENCY === 0) database.exec('BEGIN IMMEDIATE')
            put.run(ordinaryKey(index), documents[index] ?? '', String(index), Date.now() + 86_400_000)
            if (index % CONCURRENCY === CONCURRENCY - 1) database.exec('COMMIT')
          }
        },
        close: () => {
          database.close()
          remove(folder)
        },
      }
    },
  }
}

/** The floor writes what is encoded already. */
function encoded(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => encodedMeta(index))
}

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'bench-'))
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
