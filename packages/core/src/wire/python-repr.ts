import { isoFormat } from './iso-format.ts'
import { jsonOf } from './json-writer.ts'
import { pythonClassOf } from './python-class.ts'
import { Decimal, floatRepr, JsonEntries, PyDate, PyFloat, PyTime, Uuid } from './typed-values.ts'

const MAX_DEPTH = 100

/** A value as Python's `repr` shows it: Celery puts that text into messages that both sides read. */
export function pythonRepr(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return stringRepr(value)
    case 'number':
      return numberRepr(value)
    case 'boolean':
      return value ? 'True' : 'False'
    case 'object':
    case 'undefined':
      return value ? objectRepr(value, depth + 1) : 'None'
    case 'bigint':
      return value.toString()
    default:
      return `<${typeof value}>`
  }
}

/** A Python tuple: one member is followed by a comma. */
export function tupleRepr(items: readonly unknown[], depth = 0): string {
  const inner = items.map((item) => pythonRepr(item, depth)).join(', ')
  return items.length === 1 ? `(${inner},)` : `(${inner})`
}

function numberRepr(value: number): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value)
  if (Number.isFinite(value)) return floatRepr(value)
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
}

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  return quote + text.replace(/[\\'"]|[\p{C}\p{Z}]/gu, (character) => escaped(character, quote)) + quote
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }

function escaped(character: string, quote: string): string {
  if (character === ' ') return character
  if (character === '"' || character === "'") return character === quote ? `\\${character}` : character
  return SHORT[character] ?? numbered(character.codePointAt(0) ?? 0)
}

function numbered(codePoint: number): string {
  const hex = codePoint.toString(16)
  if (codePoint < 0x100) return `\\x${hex.padStart(2, '0')}`
  return codePoint < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

function objectRepr(value: object, depth: number): string {
  if (depth > MAX_DEPTH) return '...'
  if (Array.isArray(value)) return `[${value.map((item) => pythonRepr(item, depth)).join(', ')}]`
  if (value instanceof Error) return errorRepr(value, depth)
  if (value instanceof Map) return dictRepr([...value], depth)
  if (value instanceof JsonEntries) return dictRepr(value.entries, depth)
  return typedRepr(value) ?? instanceRepr(value, depth)
}

function instanceRepr(value: object, depth: number): string {
  try {
    const json = Object.getPrototypeOf(value) === Object.prototype ? value : jsonOf(value)
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return pythonRepr(json, depth)
    return dictRepr(Object.entries(json), depth)
  } catch {
    return `<${Object.prototype.toString.call(value).slice(1, -1)}>`
  }
}

function dictRepr(entries: readonly (readonly [unknown, unknown])[], depth: number): string {
  return `{${entries.map(([key, item]) => `${pythonRepr(key, depth)}: ${pythonRepr(item, depth)}`).join(', ')}}`
}

function typedRepr(value: object): string | undefined {
  if (value instanceof PyFloat) return numberSpelling(value)
  if (value instanceof Date) return dateRepr(value)
  if (value instanceof Uint8Array) return bytesRepr(value)
  if (value instanceof Decimal) return `Decimal('${value.text}')`
  if (value instanceof Uuid) return `UUID('${value.text}')`
  if (value instanceof PyDate) return `datetime.date(${plainNumbers(value.text.split('-'))})`
  if (value instanceof PyTime) return `datetime.time(${plainNumbers(value.text.split(/[:.]/))})`
  return undefined
}

function numberSpelling({ value, text }: PyFloat): string {
  return Number.isFinite(value) ? (/[.e]/i.test(text) ? floatRepr(value) : text) : numberRepr(value)
}

function dateRepr(value: Date): string {
  if (isNaN(value.getTime())) return '<invalid date>'
  const [date = '', time = ''] = isoFormat(value).split('+')[0]?.split('T') ?? []
  const parts = [...date.split('-'), ...time.split(/[:.]/)]
  if (parts.length === 6 && parts[5] === '00') parts.pop()
  return `datetime.datetime(${plainNumbers(parts)}, tzinfo=datetime.timezone.utc)`
}

function plainNumbers(parts: readonly string[]): string {
  return parts.map((part) => String(parseInt(part, 10))).join(', ')
}

function bytesRepr(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  return `b${quote}${text.replace(/[^ -~]|[\\'"]/g, (character) => escaped(character, quote))}${quote}`
}

/** `ValueError('boom', 1)`: the class's own name, without the classes that it is nested in, and the arguments. */
function errorRepr(error: Error, depth: number): string {
  const isTaskError = 'excType' in error && 'excArgs' in error && Array.isArray(error.excArgs)
  const type = isTaskError ? String(error.excType) : pythonClassOf(error).type
  const args: readonly unknown[] = isTaskError ? (error.excArgs as unknown[]) : [error.message]
  const inner = args.map((arg) => pythonRepr(arg, depth)).join(', ')
  return `${type.slice(type.lastIndexOf('.') + 1)}(${inner})`
}
