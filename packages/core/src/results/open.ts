import type { Backend } from '../backend/backend.ts'
import { BackendError } from '../backend/backend-error.ts'
import { disabledBackend } from './disabled-backend.ts'

/** How a package opens its backend from a URL. */
export interface Adapter {
  /** Without the colon, such as `redis` and `rediss`. */
  readonly schemes: readonly string[]
  /** The package to install, named when a scheme is missing. */
  readonly package: string
  open(url: string): Promise<Backend>
}

/** Which package serves which scheme of Celery's, so that an error can name it. */
const knownPackages: ReadonlyMap<string, string> = new Map([
  ['redis', '@arpeggio/backend-redis'],
  ['rediss', '@arpeggio/backend-redis'],
  ['sentinel', '@arpeggio/backend-redis'],
  ['elasticsearch', '@arpeggio/backend-elasticsearch'],
  ['gs', '@arpeggio/backend-gcs'],
  ['sqlite', '@arpeggio/backend-sqlite'],
  ['memory', '@arpeggio/backend-memory'],
])

/**
 * Opens the backend of a URL with the adapter of its scheme. As in Celery, `elasticsearch+https://host/index` means the
 * adapter `elasticsearch` with the URL `https://host/index`.
 */
export async function openBackend(url: string, adapters: readonly Adapter[]): Promise<Backend> {
  const scheme = /^([a-z][a-z0-9+.-]*):/iu.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined)
    throw new BackendError('misconfigured', 'a backend URL begins with a scheme, such as redis:')
  if (scheme === 'disabled') return disabledBackend()
  const exact = adapters.find(({ schemes }) => schemes.includes(scheme))
  if (exact !== undefined) return exact.open(url)
  const [outer = ''] = scheme.split('+', 1)
  const wrapped = adapters.find(({ schemes }) => schemes.includes(outer))
  if (outer !== scheme && wrapped !== undefined) return wrapped.open(url.slice(outer.length + 1))
  throw new BackendError('misconfigured', explain(outer, adapters))
}

function explain(scheme: string, adapters: readonly Adapter[]): string {
  const known = adapters.flatMap(({ schemes }) => schemes)
  const named = known.length === 0 ? 'no adapter was passed' : `the adapters passed know ${known.join(', ')}`
  const missing = knownPackages.get(scheme)
  const remedy = missing === undefined ? '' : `; install ${missing} and pass its adapter`
  return `no adapter for the scheme ${scheme}: ${named}${remedy}`
}
