import { Decimal, float, PyDate, PyTime, Uuid } from '@arpeggio/core'
import type { ScalarTag } from 'yaml'

/** What plain words stand for in PyYAML, which differs from YAML 1.2 and in places from 1.1. */
export const pythonTags: readonly ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:null',
    default: true,
    identify: (value) => value === null || value === undefined,
    test: /^(?:~|null|Null|NULL)?$/,
    resolve: () => null,
    stringify: () => 'null',
  },
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    identify: (value) => typeof value === 'boolean',
    test: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
    resolve: (text) => /^(?:yes|true|on)$/i.test(text),
    stringify: ({ value }) => String(value),
  },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    identify: (value) => typeof value === 'bigint' || Number.isSafeInteger(value),
    test: /^[-+]?(?:0b[01_]+|0[0-7_]+|0x[\da-fA-F_]+|0|[1-9][\d_]*(?::[0-5]?\d)*)$/,
    resolve: integer,
    stringify: ({ value }) => (Object.is(value, -0) ? '-0.0' : String(value)),
  },
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    identify: (value) => typeof value === 'number',
    test: /^(?:[-+]?\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?|\.\d[\d_]*(?:[eE][-+]\d+)?|[-+]?\d[\d_]*(?::[0-5]?\d)+\.[\d_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    resolve: fraction,
    stringify: ({ value }) => fractionText(Number(value)),
  },
  {
    tag: 'tag:yaml.org,2002:timestamp',
    default: true,
    identify: (value) => value instanceof Date || value instanceof PyDate,
    test: /^\d{4}-(?:\d\d-\d\d|\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/,
    resolve: instant,
    stringify: ({ value }) => (value instanceof Date ? value.toISOString() : String(value)),
  },
  {
    tag: 'tag:yaml.org,2002:binary',
    default: false,
    identify: (value) => value instanceof Uint8Array,
    resolve: (text) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'base64')),
    stringify: ({ value }) => JSON.stringify(Buffer.from(value as Uint8Array).toString('base64')), // as identified
  },
  {
    // PyYAML's safe writer has nothing for these either.
    tag: '!none',
    default: false,
    identify: (value) => value instanceof Decimal || value instanceof Uuid || value instanceof PyTime,
    resolve: (_text, onError) => onError('There is no such type'),
    stringify: ({ value }) => {
      throw new TypeError(`YAML has no form for ${String(value)}`)
    },
  },
]

const RADIX_PREFIX = /^0(?<letter>[bx]?)(?=[\da-fA-F])/

function integer(text: string): number | bigint {
  const isNegative = text.startsWith('-')
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '')
  const letter = RADIX_PREFIX.exec(digits)?.groups?.['letter']
  const size = letter === undefined ? sexagesimal(digits) : BigInt(letter === '' ? `0o${digits}` : digits)
  const value = isNegative ? -size : size
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

/** Base 60, where colons part the digits: one part is an ordinary number. */
function sexagesimal(digits: string): bigint {
  return digits.split(':').reduce((value, part) => value * 60n + BigInt(part), 0n)
}

function fraction(text: string): number {
  const plain = text.toLowerCase().replaceAll('_', '')
  if (plain.endsWith('.nan')) return NaN
  const sign = plain.startsWith('-') ? -1 : 1
  if (plain.endsWith('.inf')) return sign * Infinity
  const parts = plain.replace(/^[-+]/, '').split(':')
  return sign * parts.reduce((value, part) => value * 60 + Number(part), 0)
}

/** PyYAML asks for a dot and for the sign of the exponent. */
function fractionText(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value < 0 ? '-.inf' : '.inf'
  return float(value).text.replace(/^(?<digits>-?\d+)e/, '$<digits>.0e')
}

const TIMESTAMP =
  /^(?<year>\d{4})-(?<month>\d\d?)-(?<day>\d\d?)(?:[Tt \t]+(?<hour>\d\d?):(?<minute>\d\d):(?<second>\d\d)(?:\.(?<part>\d*))?(?:[ \t]*(?<zone>Z|[-+].+))?)?$/

/** A day without a time is a date of Python's; a time without a zone is taken for UTC. */
function instant(text: string): Date | PyDate {
  const { year, month, day, hour, minute, second, part = '', zone = 'Z' } = TIMESTAMP.exec(text)?.groups ?? {}
  if (hour === undefined) return new PyDate(text)
  const milliseconds = Number(part.slice(0, 3).padEnd(3, '0'))
  const time = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    milliseconds,
  )
  return new Date(time - offsetMs(zone))
}

function offsetMs(zone: string): number {
  if (zone === 'Z') return 0
  const [hours = '0', minutes = '0'] = zone.slice(1).split(':')
  return (zone.startsWith('-') ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}
