import type { FirestoreSettings } from './clients.ts'
import { misconfigured } from './errors.ts'

/** What an address says. Names behind the `?` are those of Celery's settings. */
export interface Address {
  readonly bucket: string
  readonly basePath?: string
  readonly project?: string
  readonly ttlSeconds?: number
  readonly maxParallelRequests?: number
  readonly firestore?: FirestoreSettings
}

type Draft = { -readonly [Name in keyof Address]: Address[Name] }

const settings: Readonly<Record<string, (address: Draft, text: string) => void>> = {
  gcs_bucket: (address, text) => (address.bucket = text),
  gcs_base_path: (address, text) => (address.basePath = text),
  gcs_project: (address, text) => (address.project = text),
  gcs_ttl: (address, text) => (address.ttlSeconds = number('gcs_ttl', text)),
  gcs_threadpool_maxsize: (address, text) => (address.maxParallelRequests = number('gcs_threadpool_maxsize', text)),
  firestore_project: (address, text) => (address.firestore = { ...address.firestore, project: text }),
  // Celery knows but the default one.
  firestore_database: (address, text) => (address.firestore = { ...address.firestore, database: text }),
}

/** Reads `gs://bucket/base/path?gcs_project=…`. What it does not understand is refused, but for what Celery's guide suggests. */
export function addressOf(url: string): Address {
  const { bucket, path, query } =
    /^gs:\/\/(?<bucket>[^/?#]*)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/iu.exec(url)?.groups ?? {}
  if (bucket === undefined)
    throw misconfigured(`Not an address of a bucket: ${url}; expected gs://bucket/path?gcs_project=name`)
  // As Celery reads it, which takes the bucket for a host.
  const address: Draft = { bucket: bucket.toLowerCase() }
  if (path !== undefined && path !== '/') address.basePath = decoded(path)
  for (const [name, text] of new URLSearchParams(query)) {
    const apply = Object.hasOwn(settings, name) ? settings[name] : undefined
    if (apply !== undefined) apply(address, text)
    else if (name === 'ttl') process.emitWarning('ttl in an address of a bucket means nothing; the setting is gcs_ttl')
    else
      throw misconfigured(`Unknown in an address of a bucket: ${name}; known are ${Object.keys(settings).join(', ')}`)
  }
  return address
}

function number(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw misconfigured(`${name} is a number, not ${text}`)
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw misconfigured(`The path of a bucket is percent-encoded: ${path}`)
  }
}
