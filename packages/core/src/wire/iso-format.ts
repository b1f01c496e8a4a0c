import { beginsWith } from './begins-with.ts'

/** An instant as Python's `isoformat` writes it in UTC: six digits of a second, or none when they are all zero. */
export function isoFormat(instant: Date): string {
  const time = instant.getTime()
  if (time !== last.time) last = { time, text: format(instant) }
  return last.text
}

// Results come in bursts, and those of one millisecond carry the same text.
let last = { time: 0, text: '1970-01-01T00:00:00+00:00' }

function format(instant: Date): string {
  const text = isNaN(instant.getTime()) ? '' : instant.toISOString()
  if (text.length !== 24) throw new TypeError('A date must be valid and in the years 0 to 9999')
  const fraction = text.slice(20, 23)
  return fraction === '000' ? `${text.slice(0, 19)}+00:00` : `${text.slice(0, 23)}000+00:00`
}

// Every result carries a date, and with a pattern and `Date.parse` it would take longer than the rest of the document.
// Only the second, which results that are read together often share, is asked of them.
const SECOND = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/

let second = { text: '1970-01-01T00:00:00', time: 0 }

/** The time of `2026-01-31T12:34:56.123456+00:00`; `NaN` for any other form. */
function celeryTime(text: string): number {
  if (text.length !== 32 || text[19] !== '.' || !text.endsWith('+00:00')) return NaN
  if (!beginsWith(text, second.text)) second = secondOf(text.slice(0, 19))
  let micros = 0
  for (let at = 20; at < 26; at += 1) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return NaN
    micros = micros * 10 + digit
  }
  return second.time + Math.floor(micros / 1_000)
}

// `Date.parse` alone would take a 13th month or a 32nd day for something else.
function secondOf(text: string): typeof second {
  return { text, time: SECOND.test(text) ? Date.parse(`${text}Z`) : NaN }
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d(?::?\d\d){0,2})?$/i

/** Reads what `isoformat` and its kin write. Without an offset it is taken for UTC; `undefined` when it is no date. */
export function parseIsoFormat(text: string): Date | undefined {
  const time = celeryTime(text)
  if (!isNaN(time)) return new Date(time)
  const match = ISO.exec(text)
  if (match === null) return undefined
  return dated(Date.parse(match[1] === undefined ? `${text}Z` : text))
}

function dated(time: number): Date | undefined {
  return isNaN(time) ? undefined : new Date(time)
}
