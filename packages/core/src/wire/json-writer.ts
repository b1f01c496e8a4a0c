import { floatRepr, JsonEntries, PyFloat } from './typed-values.ts'
import { wrapTyped } from './typed-envelope.ts'

/** How deep a value may be nested: as deep as our reader reads by default, and well within what Python reads. */
const MAX_DEPTH = 500

/** Whether `JSON.stringify` writes this value rightly: only plain data, and no number that needs Python's spelling. */
export function isNative(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return isNativeNumber(value)
    case 'object':
      return value === null || (depth < MAX_DEPTH && areNative(value, depth + 1))
    default:
      return value === undefined && depth > 0
  }
}

function isNativeNumber(value: number): boolean {
  return value === 0 ? 1 / value > 0 : value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER
}

function areNative(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) if (!isNative(item, depth)) return false
    return true
  }
  if (!isPlain(value)) return false
  for (const key in value) if (!isNative((value as Record<string, unknown>)[key], depth)) return false
  return true
}

/** Writes a value byte for byte as Python's `json.dumps` does. Throws `TypeError` for what has no form there. */
export function writeJson(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return writeString(value)
    case 'number':
      return writeNumber(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'undefined':
      return 'null'
    case 'bigint':
      return value.toString()
    case 'object':
      return value === null ? 'null' : writeObject(value, depth)
    default:
      throw new TypeError(`A ${typeof value} cannot be encoded`)
  }
}

function writeString(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`
  const json = JSON.stringify(text)
  // oxlint-disable-next-line no-control-regex -- it is about every character outside of printable ASCII
  return /[^\0-\x7e]/.test(json) ? json.replace(/[^\0-\x7e]/g, escaped) : json
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function writeNumber(value: number): string {
  // Only whole numbers that JavaScript holds exactly pass for Python's ints; minus zero exists as a float alone.
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : floatRepr(value)
}

function writeObject(value: object, depth: number): string {
  if (depth >= MAX_DEPTH) throw new TypeError(`A value must not be circular, nor nested over ${MAX_DEPTH} levels`)
  if (Array.isArray(value)) return writeArray(value, depth + 1)
  if (isPlain(value)) return writePlain(value as Readonly<Record<string, unknown>>, depth + 1)
  return writeInstance(value, depth)
}

function writeArray(items: readonly unknown[], depth: number): string {
  if (items.length === 0) return '[]'
  let json = `[${writeJson(items[0], depth)}`
  for (let index = 1; index < items.length; index += 1) json += `, ${writeJson(items[index], depth)}`
  return `${json}]`
}

/** Leaves out members that are undefined, as `JSON.stringify` does. */
function writePlain(object: Readonly<Record<string, unknown>>, depth: number): string {
  let json = ''
  for (const key of Object.keys(object)) {
    const member = object[key]
    if (member === undefined) continue
    json += `${json === '' ? '' : ', '}${writeString(key)}: ${writeJson(member, depth)}`
  }
  return `{${json}}`
}

function writeEntries(entries: Iterable<readonly [string, unknown]>, depth: number): string {
  let json = ''
  for (const [key, member] of entries) {
    if (member === undefined) continue
    json += `${json === '' ? '' : ', '}${writeString(key)}: ${writeJson(member, depth)}`
  }
  return `{${json}}`
}

function writeInstance(value: object, depth: number): string {
  if (value instanceof PyFloat) return value.text
  if (value instanceof JsonEntries) return writeEntries(value.entries, depth + 1)
  if (value instanceof Map) return writeEntries(mapEntries(value), depth + 1)
  const envelope = wrapTyped(value)
  if (envelope !== undefined) return writeJson(envelope, depth + 1)
  return writeJson(jsonOf(value), depth + 1)
}

/** What an instance of a class asks to be written as: its `toJSON`, or else its own members. */
export function jsonOf(value: object): unknown {
  if ('toJSON' in value && typeof value.toJSON === 'function') return value.toJSON() as unknown
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  if (kind === 'Object') return Object.fromEntries(Object.entries(value))
  throw new TypeError(`A ${kind} cannot be encoded`)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && !('toJSON' in value)
}

/** Keys become text as Python's writer makes them. */
function* mapEntries(map: ReadonlyMap<unknown, unknown>): Generator<readonly [string, unknown]> {
  for (const [key, member] of map) yield [mapKey(key), member]
}

function mapKey(key: unknown): string {
  if (typeof key === 'string') return key
  if (key === null || typeof key === 'boolean' || typeof key === 'bigint') return String(key)
  if (typeof key === 'number') return writeNumber(key)
  if (key instanceof PyFloat) return key.text
  throw new TypeError(`A key of type ${typeof key} cannot be encoded`)
}
