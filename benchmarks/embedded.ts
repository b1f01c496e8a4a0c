import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MemoryBackend } from '@arpeggio/backend-memory'
import { SqliteBackend } from '@arpeggio/backend-sqlite'
import { type Backend, Results } from '@arpeggio/core'
import { inParallel } from './in-parallel.ts'
import type { Case, Goal, Round } from './measure.ts'
import { ordinaryMeta, ordinaryResult } from './ordinary-meta.ts'
import type { Benchmark } from './benchmark.ts'

const CONCURRENCY = 100

/** Storing results through everything that `Results` does, against writing the same documents to the bare store. */
export const embedded: Benchmark = {
  summary: `storing results in the embedded stores, ${CONCURRENCY} at a time, against the bare store`,
  sections: [
    {
      title: 'store in memory',
      cases: [rawMap(20_000), storing(20_000, { perSecond: 100_000 }, () => ({ backend: new MemoryBackend() }))],
    },
    {
      title: 'store in SQLite',
      cases: [
        rawSqlite(5_000),
        storing(5_000, { perSecond: 10_000 }, () => {
          const folder = temporaryFolder()
          return { backend: new SqliteBackend({ path: join(folder, 'results.db') }), remove: () => remove(folder) }
        }),
      ],
    },
  ],
}

function storing(operations: number, goal: Goal, open: () => { backend: Backend; remove?: () => void }): Case {
  return {
    name: `results.markAsDone`,
    operations,
    goal,
    prepare: async (): Promise<Round> => {
      const { backend, remove: removeStore } = open()
      const results = new Results({ backend })
      await results.markAsDone('warm-up', null)
      return {
        run: () =>
          inParallel(operations, CONCURRENCY, (index) => results.markAsDone(`id-${index}`, ordinaryResult(index))),
        close: async () => {
          await results.close()
          removeStore?.()
        },
      }
    },
  }
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
            map.set(`celery-task-meta-id-${index}`, documents[index] ?? '')
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
            put.run(`celery-task-meta-id-${index}`, documents[index] ?? '', String(index), Date.now() + 86_400_000)
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
  return Array.from({ length: count }, (_, index) => JSON.stringify(ordinaryMeta(`id-${index}`, index)))
}

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'bench-'))
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
