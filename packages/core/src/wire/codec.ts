import type { Value } from '../backend/value.ts'
import { expanded } from './compressed.ts'
import { decodeJson, encodeJson } from './json.ts'
import { unreadable } from './unreadable.ts'

/** A serializer, under the name that Celery gives it. What is stored does not say which one wrote it. */
export interface Codec {
  readonly name: string
  readonly contentType: string
  readonly contentEncoding: string
  /** Must throw `TypeError` for what it has no form for. */
  encode(value: unknown): Value
  /** Must throw a `BackendError` of code `unreadable` for what it cannot read, and must not run code named by data. */
  decode(value: Value): unknown
}

export const jsonCodec: Codec = {
  name: 'json',
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  encode: (value) => encodeJson(value),
  decode: (value) => decodeJson(textOf(expanded(value))),
}

/** The codec, reading also what Celery since 5.7 has compressed: whoever has that on tells nobody but the value itself. */
export function expanding(codec: Codec): Codec {
  return codec === jsonCodec ? codec : { ...codec, decode: (value) => codec.decode(expanded(value)) }
}

/** The codecs by name: JSON, and whatever the application adds. */
export function codecs(extra: readonly Codec[] = []): ReadonlyMap<string, Codec> {
  return new Map([jsonCodec, ...extra].map((codec) => [codec.name, codec]))
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A stored value as text; bytes that are not UTF-8 are `unreadable`. */
function textOf(value: Value): string {
  if (typeof value === 'string') return value
  try {
    return utf8.decode(value)
  } catch (error) {
    throw unreadable('The stored bytes are not UTF-8 text', error)
  }
}
