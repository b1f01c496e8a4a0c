import { hash } from 'node:crypto'
import type { GuardOutcome, SetOutcome, Stored, Value, Version } from '@arpeggio/core'
import { type Reply, textOf } from './client.ts'

/** Up to here a text is its own version; of a longer one, and of bytes, the digest is. Lua tells them by the first sign. */
const longestPlain = 1024

/**
 * Redis has no versions, so the value names its own state. Equal values have equal versions. Few readers ask for a digest,
 * so it is made when asked for; as an own property, which survives being copied.
 */
function versioned<Fields extends object>(fields: Fields, value: Value): Fields & { readonly version: Version } {
  const get = (): Version => `#${hash('sha1', bytesOf(value))}`
  return Object.defineProperty({ ...fields, version: '' }, 'version', { get, enumerable: true })
}

function isPlain(value: Value): value is string {
  return typeof value === 'string' && value.length <= longestPlain
}

export function storedOf(value: Value): Stored {
  return isPlain(value) ? { value, version: `=${value}` } : versioned({ value }, value)
}

export function writtenOf(value: Value): SetOutcome & { readonly written: true } {
  return isPlain(value) ? { written: true, version: `=${value}` } : versioned({ written: true }, value)
}

export function guardedOf(value: Value): Extract<GuardOutcome, { outcome: 'written' }> {
  return isPlain(value) ? { outcome: 'written', version: `=${value}` } : versioned({ outcome: 'written' }, value)
}

/** A reply as text where it is text, which is what nearly all readers want; anything else stays as it is. */
export function valueOf(reply: Reply | undefined): Value {
  if (!Buffer.isBuffer(reply)) return textOf(reply)
  const text = textOf(reply)
  return text.includes('\uFFFD') ? reply : text
}

/** The bytes, not a copy of them. */
export function bytesOf(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
