import { readJson } from './json-reader.ts'
import { writeJson } from './json-writer.ts'
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
  /** Default 500. */
  readonly maxDepth?: number
  /** In UTF-16 units. Default 256 Mi. */
  readonly maxLength?: number
}

/** Encodes a value as Celery does. Throws `TypeError` for what has no form there. */
export function encodeJson(value: unknown, options: EncodeOptions = {}): string {
  void options
  return writeJson(value)
}

/** Decodes Celery's JSON. Throws a `BackendError` of code `unreadable` for anything malformed or over the limits. */
export function decodeJson(text: string, options: DecodeOptions = {}): unknown {
  const { mode = 'natural', maxDepth = 500, maxLength = 0x10000000 } = options
  if (text.length > maxLength)
    throw unreadable(`A value of ${text.length} characters is over the limit of ${maxLength}`)
  return readJson(text, { lossless: mode === 'lossless', maxDepth })
}
