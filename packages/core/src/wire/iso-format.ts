/** An instant as Python's `isoformat` writes it in UTC: six digits of a second, or none when they are all zero. */
export function isoFormat(instant: Date): string {
  const text = isNaN(instant.getTime()) ? '' : instant.toISOString()
  if (text.length !== 24) throw new TypeError('A date must be valid and in the years 0 to 9999')
  const fraction = text.slice(20, 23)
  return fraction === '000' ? `${text.slice(0, 19)}+00:00` : `${text.slice(0, 23)}000+00:00`
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d(?::?\d\d){0,2})?$/i

/** Reads what `isoformat` and its kin write. Without an offset it is taken for UTC; `undefined` when it is no date. */
export function parseIsoFormat(text: string): Date | undefined {
  // What Celery itself writes, most of the time, is read without a look at every character.
  if (text.length === 32 && text[10] === 'T' && text.endsWith('+00:00')) return dated(text)
  const match = ISO.exec(text)
  if (match === null) return undefined
  return dated(match[1] === undefined ? `${text}Z` : text)
}

function dated(text: string): Date | undefined {
  const time = Date.parse(text)
  return isNaN(time) ? undefined : new Date(time)
}
