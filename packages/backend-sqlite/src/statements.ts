import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Key, Stored, Value, Version, Write } from '@arpeggio/core'

const visible = '(expires_at_ms IS NULL OR expires_at_ms > :now)'
const overwrite = 'value = excluded.value, version = excluded.version, expires_at_ms = excluded.expires_at_ms'
const insert = `INSERT INTO arpeggio_results (key, value, version, expires_at_ms) VALUES (:key, :value, :version, :expiresAt)`

/** Everything that is ever asked of the table. Lists of keys travel as one JSON parameter, so that one statement serves any length. */
export class Statements {
  readonly #get: StatementSync
  readonly #mget: StatementSync
  readonly #exists: StatementSync
  readonly #put: StatementSync
  readonly #putIfAbsent: StatementSync
  readonly #putIfVersion: StatementSync
  readonly #delete: StatementSync
  readonly #page: StatementSync
  readonly #removeExpired: StatementSync
  readonly #dataVersion: StatementSync

  constructor(database: DatabaseSync) {
    const listed = `key IN (SELECT value FROM json_each(:keys))`
    const columns = 'key, value, version, expires_at_ms'
    this.#get = database.prepare(`SELECT ${columns} FROM arpeggio_results WHERE key = :key AND ${visible}`)
    this.#mget = database.prepare(`SELECT ${columns} FROM arpeggio_results WHERE ${listed} AND ${visible}`)
    this.#exists = database.prepare(`SELECT key FROM arpeggio_results WHERE ${listed} AND ${visible}`)
    this.#put = database.prepare(`${insert} ON CONFLICT (key) DO UPDATE SET ${overwrite}`)
    this.#putIfAbsent = database.prepare(
      `${insert} ON CONFLICT (key) DO UPDATE SET ${overwrite} WHERE arpeggio_results.expires_at_ms <= :now`,
    )
    this.#putIfVersion = database.prepare(
      `UPDATE arpeggio_results SET value = :value, version = :version, expires_at_ms = :expiresAt
       WHERE key = :key AND version = :expected AND ${visible}`,
    )
    this.#delete = database.prepare(`DELETE FROM arpeggio_results WHERE ${listed}`)
    this.#page = database.prepare(
      `SELECT key FROM arpeggio_results WHERE key >= :prefix AND key > :cursor AND ${visible} ORDER BY key LIMIT :limit`,
    )
    this.#removeExpired = database.prepare(
      `DELETE FROM arpeggio_results WHERE rowid IN (
         SELECT rowid FROM arpeggio_results WHERE expires_at_ms <= :now ORDER BY expires_at_ms LIMIT :limit)`,
    )
    this.#dataVersion = database.prepare('PRAGMA data_version')
  }

  get(key: Key, now: number): Stored | undefined {
    const row = this.#get.get({ key, now })
    return row === undefined ? undefined : storedOf(row)
  }

  mget(keys: readonly Key[], now: number): readonly (Stored | undefined)[] {
    const rows = this.#mget.all({ keys: JSON.stringify(keys), now })
    const stored = new Map(rows.map((row) => [row['key'], storedOf(row)]))
    return keys.map((key) => stored.get(key))
  }

  exists(keys: readonly Key[], now: number): readonly boolean[] {
    const rows = this.#exists.all({ keys: JSON.stringify(keys), now })
    const present = new Set(rows.map((row) => row['key']))
    return keys.map((key) => present.has(key))
  }

  /** Whether the write's condition held and it was written. */
  set({ key, value, expiresInSeconds, if: condition }: Write, version: Version, now: number): boolean {
    const expiresAt = expiresInSeconds === undefined ? null : Math.ceil(now + expiresInSeconds * 1000)
    const row = { key, value, version, expiresAt }
    if (condition === undefined) return this.#put.run(row).changes === 1
    if (condition === 'absent') return this.#putIfAbsent.run({ ...row, now }).changes === 1
    return this.#putIfVersion.run({ ...row, now, expected: condition }).changes === 1
  }

  delete(keys: readonly Key[]): void {
    this.#delete.run({ keys: JSON.stringify(keys) })
  }

  /** At most `limit` visible keys after `cursor`, in the order of their bytes: those with the prefix come first and together. */
  page(prefix: string, cursor: string, limit: number, now: number): readonly Key[] {
    const keys = this.#page.all({ prefix, cursor, limit, now }).map((row) => String(row['key']))
    return keys.filter((key) => key.startsWith(prefix))
  }

  removeExpired(limit: number, now: number): number {
    return Number(this.#removeExpired.run({ now, limit }).changes)
  }

  /** Changes when another connection has committed; this one's own commits do not show. */
  dataVersion(): string {
    return String(this.#dataVersion.get()?.['data_version'])
  }
}

type Row = Readonly<Record<string, unknown>>

/** The table is STRICT and only `Statements` writes to it, so the columns have these types. */
function storedOf(row: Row): Stored {
  const value = row['value'] as Value
  const version = row['version'] as Version
  const expiresAt = row['expires_at_ms'] as number | null
  return expiresAt === null ? { value, version } : { value, version, expiresAt: new Date(expiresAt) }
}
