import type { Adapter } from '@arpeggio/core'
import { wrongUrl } from './errors.ts'
import type { SqliteBackendOptions } from './options.ts'
import { SqliteBackend } from './sqlite-backend.ts'

const address = /^sqlite:\/\/(?<path>[^?#]+)(?:\?durability=(?<durability>normal|full))?$/u

/** Opens `sqlite:///absolute/path.db` and `sqlite://./relative/path.db`, both perhaps with `?durability=full`. */
export const sqliteAdapter: Adapter = {
  schemes: ['sqlite'],
  package: '@arpeggio/backend-sqlite',
  open: async (url) => new SqliteBackend(optionsOf(url)),
}

function optionsOf(url: string): SqliteBackendOptions {
  const { path, durability } = address.exec(url)?.groups ?? {}
  if (path === undefined) throw wrongUrl(url)
  try {
    return { path: decodeURIComponent(path), durability: durability === 'full' ? 'full' : 'normal' }
  } catch {
    throw wrongUrl(url)
  }
}
