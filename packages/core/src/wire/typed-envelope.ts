import { isoFormat, parseIsoFormat } from './iso-format.ts'
import { Decimal, PyDate, PyTime, Uuid } from './typed-values.ts'
import { isRecord, unreadable } from './unreadable.ts'

/** The object with exactly two keys in which Celery wraps values that JSON has no form for. */
export interface TypedEnvelope {
  readonly __type__: string
  readonly __value__: unknown
}

/** Wraps a value that needs it; `undefined` for every other value. */
export function wrapTyped(value: object): TypedEnvelope | undefined {
  if (value instanceof Date) return envelope('datetime', isoFormat(value))
  if (value instanceof Uint8Array) return wrapBytes(value)
  if (value instanceof Decimal) return envelope('decimal', value.text)
  if (value instanceof Uuid) return envelope('uuid', { hex: value.hex })
  if (value instanceof PyDate) return envelope('date', value.text)
  if (value instanceof PyTime) return envelope('time', value.text)
  return undefined
}

/** Unwraps an object that is an envelope and returns any other as it is. An unknown type is `unreadable`. */
export function unwrapTyped(object: Readonly<Record<string, unknown>>): unknown {
  if (!Object.hasOwn(object, '__type__') || !Object.hasOwn(object, '__value__')) return object
  if (Object.keys(object).length !== 2) return object
  const { __type__: type, __value__: value } = object
  const unwrap = typeof type === 'string' ? UNWRAP.get(type) : undefined
  if (unwrap === undefined) throw unreadable(`Unknown typed value ${shown(type)}`)
  try {
    return unwrap(value)
  } catch (error) {
    throw unreadable(`A typed value of type ${shown(type)} is malformed`, error)
  }
}

/** Unwraps every envelope inside a parsed value, in place and from the inside out. */
export function reviveTyped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => {
      if (typeof item === 'object') value[index] = reviveTyped(item)
    })
    return value
  }
  const object = value as Record<string, unknown> // a parsed object that is no array
  for (const [key, member] of Object.entries(object)) {
    const revived = typeof member === 'object' ? reviveTyped(member) : member
    // Not an assignment, because a key may be `__proto__`.
    if (revived !== member) Object.defineProperty(object, key, { value: revived })
  }
  return unwrapTyped(object)
}

const UNWRAP: ReadonlyMap<string, (value: unknown) => unknown> = new Map<string, (value: unknown) => unknown>([
  ['datetime', toDate],
  ['date', (value) => new PyDate(text(value))],
  ['time', (value) => new PyTime(text(value))],
  ['decimal', (value) => new Decimal(text(value))],
  ['uuid', (value) => new Uuid(text(isRecord(value) ? value['hex'] : undefined))],
  ['bytes', (value) => new TextEncoder().encode(text(value))],
  ['base64', (value) => fromBase64(text(value))],
])

function toDate(value: unknown): Date {
  const date = parseIsoFormat(text(value))
  if (date === undefined) throw new TypeError('Not a date')
  return date
}

function wrapBytes(bytes: Uint8Array): TypedEnvelope {
  const text = utf8(bytes)
  return text === undefined ? envelope('base64', Buffer.from(bytes).toString('base64')) : envelope('bytes', text)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

function fromBase64(text: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) throw new TypeError('Not base64')
  return new Uint8Array(Buffer.from(text, 'base64'))
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('Not text')
  return value
}

function envelope(type: string, value: unknown): TypedEnvelope {
  return { __type__: type, __value__: value }
}

function shown(type: unknown): string {
  return typeof type === 'string' ? `"${type.slice(0, 60)}"` : `that is a ${typeof type}`
}
