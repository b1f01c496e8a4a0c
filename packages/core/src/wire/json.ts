import { readJson } from './json-reader.ts'
import { isNative, writeJson } from './json-writer.ts'
import { reviveTyped } from './typed-envelope.ts'
import { unreadable } from './unreadable.ts'

export { Decimal, float, JsonEntries, PyDate, PyFloat, PyTime, Uuid } from './typed-values.ts'

export interface EncodeOptions {
  /** Writes the very bytes that Python would. Otherwise any JSON that Python reads alike, in less time. Default false. */
  readonly exact?: boolean
}

export interface DecodeOptions {
  /**
   * `natural`, the default, gives applications what they expect: integers beyond 2^53 as bigint, typed values as their
   * classes. `lossless` gives what can be written again unchanged.
   */
  readonly mode?: 'natural' | 'lossless'
  /** Default 500, which is also what the writer allows. */
  readonly maxDepth?: number
  /** In UTF-16 units. Default 256 Mi. */
  readonly maxLength?: number
}

/** Encodes a value as Celery does. Throws `TypeError` for what has no form there. */
export function encodeJson(value: unknown, options: EncodeOptions = {}): string {
  try {
    return options.exact !== true && isNative(value) ? JSON.stringify(value) : writeJson(value)
  } catch (error) {
    if (error instanceof TypeError) throw error
    throw new TypeError('A value cannot be encoded because one of its own functions failed', { cause: error })
  }
}

/** Decodes Celery's JSON. Throws a `BackendError` of code `unreadable` for anything malformed or over the limits. */
export function decodeJson(text: string, options: DecodeOptions = {}): unknown {
  const { mode = 'natural', maxDepth = 500, maxLength = 0x10000000 } = options
  if (text.length > maxLength) throw unreadable(`${text.length} characters are over the limit of ${maxLength}`)
  if (mode === 'lossless' || mayHaveLongInteger(text))
    return readJson(text, { lossless: mode === 'lossless', maxDepth })
  return decodeNative(text, maxDepth)
}

function decodeNative(text: string, maxDepth: number): unknown {
  if (mayNestDeeper(text, maxDepth) && isDeeper(text, maxDepth)) throw unreadable(`Nested over ${maxDepth} levels`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Not JSON, or with Python's NaN and Infinity in it; our own reader tells which.
    return readJson(text, { lossless: false, maxDepth })
  }
  return text.includes('__type__') ? reviveTyped(value) : value
}

/**
 * Whether there may be an integer that `JSON.parse` would round: sixteen digits in a row with no fraction or exponent.
 * Such a run covers one position in sixteen, so that no more than those need be looked at. A run inside a string
 * may count too, which costs time but nothing else.
 */
function mayHaveLongInteger(text: string): boolean {
  const { length } = text
  if (text.charCodeAt(0) === QUOTE) return false // nothing but a string
  for (let at = 15; at < length; at += 16) {
    if (isDigit(text.charCodeAt(at)) && reachesFar(text, at) && isLongInteger(text, at)) return true
  }
  return false
}

/** Sixteen digits in a row reach eight characters to one side at least; shorter numbers and dates do not. */
function reachesFar(text: string, at: number): boolean {
  return (
    (isDigit(text.charCodeAt(at - 4)) && isDigit(text.charCodeAt(at - 8))) ||
    (isDigit(text.charCodeAt(at + 4)) && isDigit(text.charCodeAt(at + 8)))
  )
}

// Beyond this a run counts without a look at its ends, or many looks at one run would take quadratic time.
const MAX_LOOK = 100

function isLongInteger(text: string, at: number): boolean {
  let start = at
  while (isDigit(text.charCodeAt(start - 1)) && at - start < MAX_LOOK) start -= 1
  if (text[start - 1] === '.') return false
  let end = at + 1
  while (isDigit(text.charCodeAt(end)) && end - at < MAX_LOOK) end += 1
  return end - start >= 16 && !/[.eE]/.test(text.charAt(end))
}

// Not a number (outside of the text) is no digit either.
function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** Few brackets settle that a text does not nest deeply. */
function mayNestDeeper(text: string, limit: number): boolean {
  // Each level needs two characters.
  return text.length > 2 * limit && !(hasAtMost(text, '[', limit / 2) && hasAtMost(text, '{', limit / 2))
}

function hasAtMost(text: string, character: string, limit: number): boolean {
  let count = 0
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) {
    count += 1
    if (count > limit) return false
  }
  return true
}

/** Counts brackets before anything is built of them: a hostile text may hold millions. Text that is no JSON may pass. */
function isDeeper(text: string, levels: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (OPENING.has(code)) depth += 1
    else if (CLOSING.has(code)) depth -= 1
    if (depth > levels) return true
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1
    if (slashes % 2 === 0) return end
  }
  return text.length
}
