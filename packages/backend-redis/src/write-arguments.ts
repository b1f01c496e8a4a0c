import type { Value } from '@arpeggio/core'
import { bytesOf } from './version.ts'

/** A value as the scripts take it. Bytes of the caller may change while they wait to be sent. */
export function ownOf(value: Value): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(bytesOf(value))
}

/** A lifetime as the scripts take it: milliseconds, or nothing for ever. */
export function lifetimeOf(seconds: number | undefined): string {
  return seconds === undefined ? '' : String(Math.max(1, Math.ceil(seconds * 1000)))
}
