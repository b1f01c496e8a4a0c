import type { Value } from '../backend/value.ts'

/** Who may have written a value: a serializer of Celery's, or Celery with its results compressed. */
export type StoredFormat = 'json' | 'pickle' | 'msgpack' | 'yaml' | 'compressed'

/**
 * Tells a value's serializer from its first bytes; `undefined` when they look like nobody's. Somebody's result that we
 * cannot read must never be taken for an absent one, and never be overwritten.
 */
export function storedFormat(value: Value): StoredFormat | undefined {
  const head = typeof value === 'string' ? Buffer.from(value.slice(0, HEAD_LENGTH)) : value.subarray(0, HEAD_LENGTH)
  const [first = -1, second = -1] = head
  if (first === -1) return undefined
  if (first >= 0x80) return binaryFormat(first, second)
  return textFormat(Buffer.from(head).toString('latin1')) ?? (isCompressed(head) ? 'compressed' : undefined)
}

const HEAD_LENGTH = 64

/** Lead bytes of a pickle with its protocol, and of a msgpack map. */
function binaryFormat(first: number, second: number): StoredFormat | undefined {
  if (first === 0x80 && second >= 2 && second <= 5) return 'pickle'
  if (first <= 0x8f || first === 0xde || first === 0xdf) return 'msgpack'
  // No text begins with these in UTF-8, so that they are a marker or a magic number of something.
  return first < 0xc2 || first > 0xf4 ? 'compressed' : undefined
}

// Celery after 5.6 puts a marker and the codec's name before compressed bytes; no document begins like that. Bare gzip,
// zlib, bzip2, lzma and zstandard are what other tools leave.
function isCompressed(head: Uint8Array): boolean {
  const [first = 0, second = 0] = head
  const isControl = first < 0x09 || (first > 0x0d && first < 0x20)
  const isNamed = /compress/i.test(Buffer.from(head).toString('latin1'))
  return (
    isControl ||
    isNamed ||
    isZlib(first, second) ||
    MAGIC.some((magic) => magic.every((byte, index) => head[index] === byte))
  )
}

function isZlib(first: number, second: number): boolean {
  return first === 0x78 && ((first << 8) | second) % 31 === 0
}

const MAGIC: readonly (readonly number[])[] = [
  [0x28, 0xb5, 0x2f, 0xfd],
  [0x42, 0x5a, 0x68],
  [0x5d, 0, 0],
]

function textFormat(head: string): StoredFormat | undefined {
  if (/^\s*(?:[{["\d-]|true|false|null|NaN|Infinity)/.test(head)) return 'json'
  // Celery's YAML sorts the fields of a document.
  return /^(?:args|children|date_done|group_id|result|status): /.test(head) ? 'yaml' : undefined
}
