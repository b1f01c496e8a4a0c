import { hash } from 'node:crypto'
import type { GuardOutcome, SetOutcome, Stored, Value, Version } from '@arpeggio/core'

/** Up to here a value is its own version, which costs a copy; of a longer one the digest is. Lua tells them by the first sign. */
const longestPlain = 1024

/** Redis has no versions, so the value names its own state. Equal values have equal versions. */
function versionOf(value: Value): Version {
  const bytes = bytesOf(value)
  return bytes.length <= longestPlain ? `=${bytes.toString('latin1')}` : `#${hash('sha1', bytes)}`
}

/** The version as the scripts compare it. */
export function conditionOf(condition: Version | undefined): string | Buffer {
  if (condition === undefined) return ''
  return condition.startsWith('=') ? Buffer.from(condition, 'latin1') : condition
}

/** Few readers ask for the version, so it is made when asked for. An own property: it survives being copied. */
export function storedOf(value: Buffer): Stored {
  return {
    value,
    get version() {
      return versionOf(value)
    },
  }
}

export function writtenOf(value: Value): SetOutcome & { readonly written: true } {
  return {
    written: true,
    get version() {
      return versionOf(value)
    },
  }
}

export function guardedOf(value: Value): GuardOutcome {
  return {
    outcome: 'written',
    get version() {
      return versionOf(value)
    },
  }
}

/** The bytes, not a copy of them. */
export function bytesOf(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
