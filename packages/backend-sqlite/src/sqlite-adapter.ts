import type { Adapter } from '@arpeggio/core'
import { wrongUrl } from './errors.ts'
import { SqliteBackend } from './sqlite-backend.ts'

const scheme = 'sqlite://'

/** Opens `sqlite:///absolute/path.db` and `sqlite://./relative/path.db`. Percent-encoded characters are decoded. */
export const sqliteAdapter: Adapter = {
  schemes: ['sqlite'],
  package: '@arpeggio/backend-sqlite',
  open: async (url) => new SqliteBackend({ path: pathOf(url) }),
}

function pathOf(url: string): string {
  const path = url.startsWith(scheme) ? url.slice(scheme.length) : ''
  if (path === '') throw wrongUrl(url)
  try {
    return decodeURIComponent(path)
  } catch {
    throw wrongUrl(url)
  }
}
