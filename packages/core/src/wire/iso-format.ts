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

// `Date.parse` would read a 13th month or a 32nd day as something else.
const CELERY = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}\+00:00$/

// Every result carries a date, and `Date.parse` takes half as long as parsing the document: it is asked once a day.
function timeOf(text: string): number {
  if (!text.startsWith(day.text)) day = dayOf(text.slice(0, 10))
  const seconds = digits(text, 11) * 3_600 + digits(text, 14) * 60 + digits(text, 17)
  return day.time + seconds * 1_000 + digits(text, 20) * 10 + text.charCodeAt(22) - 0x30
}

let day = dayOf('1970-01-01')

function dayOf(text: string): { readonly text: string; readonly time: number } {
  return { text, time: Date.parse(text) }
}

function digits(text: string, at: number): number {
  return (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d(?::?\d\d){0,2})?$/i

/** Reads what `isoformat` and its kin write. Without an offset it is taken for UTC; `undefined` when it is no date. */
export function parseIsoFormat(text: string): Date | undefined {
  if (CELERY.test(text)) return dated(timeOf(text))
  const match = ISO.exec(text)
  if (match === null) return undefined
  return dated(Date.parse(match[1] === undefined ? `${text}Z` : text))
}

function dated(time: number): Date | undefined {
  return isNaN(time) ? undefined : new Date(time)
}
