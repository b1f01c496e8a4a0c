import { DatabaseSync } from 'node:sqlite'
import { notWriteAhead } from './errors.ts'
import type { SqliteBackendOptions } from './options.ts'

/** Compared byte by byte (BINARY), so that no two keys are one. `value` is TEXT or BLOB, as it was written. */
const schema = `
  CREATE TABLE IF NOT EXISTS arpeggio_results (
    key TEXT NOT NULL PRIMARY KEY COLLATE BINARY,
    value ANY NOT NULL,
    version TEXT NOT NULL,
    expires_at_ms INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS arpeggio_results_expiry ON arpeggio_results (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
`

/** Holds the index of some 200,000 keys, whose pages are met at random. */
const cacheKib = 16 * 1024

/** Opens the file and sets it up if need be. May fail as busy while another process does the same; every step can be repeated. */
export function openDatabase<Opened>(
  { path, durability = 'normal' }: SqliteBackendOptions,
  use: (database: DatabaseSync) => Opened,
): Opened {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode']
    if (mode !== 'wal' && mode !== 'memory') throw notWriteAhead(mode)
    database.exec(`PRAGMA synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`)
    database.exec(`PRAGMA cache_size = -${cacheKib}`)
    database.exec(schema)
    return use(database)
  } catch (error) {
    database.close()
    throw error
  }
}
