import { BackendError, type Codec, decodeJson, encodeJson } from '@arpeggio/core'
import { decode, encode, ExtData } from '@msgpack/msgpack'

/** MessagePack as Celery writes it: text as text, bytes as bytes, no types beyond those. */
export const msgpackCodec: Codec = {
  name: 'msgpack',
  contentType: 'application/x-msgpack',
  contentEncoding: 'binary',

  encode(value) {
    // Through JSON, so that what can be stored, and what becomes of it, is the same with every codec.
    return encode(packable(decodeJson(encodeJson(value))), { useBigInt64: true, maxDepth: MAX_DEPTH })
  },

  decode(value) {
    if (typeof value === 'string') throw new BackendError('unreadable', 'Text is no MessagePack')
    try {
      return unpacked(decode(value, { useBigInt64: true }), 0)
    } catch (cause) {
      if (BackendError.is(cause)) throw cause
      throw new BackendError('unreadable', 'The stored bytes are no MessagePack', { cause })
    }
  },
}

/** As deep as the JSON codec goes, and a little for the document around it. */
const MAX_DEPTH = 520

const UINT64_END = 2n ** 64n
const INT64_BEGIN = -(2n ** 63n)

/** The value with whatever the library writes otherwise than Python in another form. Throws `TypeError` where there is none. */
function packable(value: unknown): unknown {
  if (typeof value === 'number') return isLong(value) ? BigInt(value) : value
  if (typeof value === 'bigint') return fitting(value)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(packable)
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    throw new TypeError(`MessagePack has no form for a ${value.constructor.name}`)
  }
  return mapped(value, packable)
}

/** The library writes whole numbers of more than 32 bits as floats, unless they are bigints. */
function isLong(value: number): boolean {
  return Number.isSafeInteger(value) && (value > 0xffff_ffff || value < -0x8000_0000)
}

function fitting(value: bigint): bigint {
  if (value < UINT64_END && value >= INT64_BEGIN) return value
  throw new TypeError('MessagePack has no form for an integer of more than 64 bits')
}

function unpacked(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new BackendError('unreadable', `Nested over ${MAX_DEPTH} levels`)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (value instanceof ExtData) throw new BackendError('unreadable', `MessagePack extension ${value.type} is unknown`)
  // A copy: the library gives a view of what was stored.
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Array.isArray(value)) return value.map((item) => unpacked(item, depth + 1))
  return mapped(value, (item) => unpacked(item, depth + 1))
}

function mapped(object: object, map: (value: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))
}
