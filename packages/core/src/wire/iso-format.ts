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

// Days that some month lacks are left to `Date.parse`, which refuses what is none, and so are years that `Date.UTC` shifts.
const CELERY = /^[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}\+00:00$/

function utc(text: string): number {
  const year = digits(text, 0) * 100 + digits(text, 2)
  const millisecond = digits(text, 20) * 10 + text.charCodeAt(22) - 0x30
  return Date.UTC(
    year,
    digits(text, 5) - 1,
    digits(text, 8),
    digits(text, 11),
    digits(text, 14),
    digits(text, 17),
    millisecond,
  )
}

function digits(text: string, at: number): number {
  return (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d(?::?\d\d){0,2})?$/i

/** Reads what `isoformat` and its kin write. Without an offset it is taken for UTC; `undefined` when it is no date. */
export function parseIsoFormat(text: string): Date | undefined {
  // Every result carries a date as Celery writes it, and `Date.parse` takes half as long as parsing the document.
  if (CELERY.test(text)) return new Date(utc(text))
  const match = ISO.exec(text)
  if (match === null) return undefined
  return dated(match[1] === undefined ? `${text}Z` : text)
}

function dated(text: string): Date | undefined {
  const time = Date.parse(text)
  return isNaN(time) ? undefined : new Date(time)
}
