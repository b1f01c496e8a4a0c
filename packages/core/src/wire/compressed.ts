import * as zlib from 'node:zlib'
import type { Value } from '../backend/value.ts'
import { unreadable } from './unreadable.ts'

/** The value, or what was compressed in it. Throws `unreadable` for what can be expanded by nothing here, or to too much. */
export function expanded(value: Value): Value {
  if (typeof value === 'string' || value[0] !== 0 || !beginsWith(value, MARKER)) return value
  const end = value.indexOf(0, MARKER.length)
  const name = Buffer.from(value.subarray(MARKER.length, end === -1 ? undefined : end)).toString('latin1')
  const expand = EXPANDERS.get(name)
  if (expand === undefined) throw unreadable(`A result compressed as ${name.slice(0, 60)} cannot be read here`)
  try {
    return expand(value.subarray(end + 1), LIMIT)
  } catch (error) {
    throw unreadable('A compressed result cannot be expanded', error)
  }
}

// The marker, the compression's content type, a zero byte, the compressed document.
const MARKER = Buffer.from('\0celery-compressed\0')
// As long as the text of a document may be.
const LIMIT = { maxOutputLength: 0x10000000 }

// Each by the content type that Celery's library gives it. Node has no other, and zstd not in every version.
const EXPANDERS: ReadonlyMap<string, Expand> = new Map<string, Expand>([
  ['application/x-gzip', zlib.unzipSync],
  ['application/x-brotli', zlib.brotliDecompressSync],
  ...('zstdDecompressSync' in zlib ? [['application/zstd', zlib.zstdDecompressSync] as const] : []),
])

type Expand = (value: Uint8Array, limit: { readonly maxOutputLength: number }) => Uint8Array

function beginsWith(value: Uint8Array, head: Uint8Array): boolean {
  return head.every((byte, index) => value[index] === byte)
}
