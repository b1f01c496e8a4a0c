import { Decimal, float, PyDate, PyTime, Uuid } from '@arpeggio/core'

/** A value that both sides know by name; the other half is in python/values.py. */
export type NamedValue = readonly [name: string, value: unknown]

const both: readonly NamedValue[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['zero', 0],
  ['negative', -17],
  ['largest safe integer', Number.MAX_SAFE_INTEGER],
  ['integer beyond 2^53', 2n ** 70n],
  ['negative integer beyond 2^53', -(2n ** 70n)],
  ['fraction', 0.1],
  ['tiny', 1e-7],
  ['negative zero', -0],
  ['NaN', NaN],
  ['infinity', Infinity],
  ['negative infinity', -Infinity],
  ['empty text', ''],
  ['text', 'héllo ☃ 😀'],
  ['control characters', 'a\u0000"\\/\u001f\u007f\u2028\n\t'],
  ['long text', 'é'.repeat(100_000)],
  ['empty list', []],
  ['empty object', {}],
  ['nested', { list: [1, [2, [3, {}]], { a: { b: null } }], text: 'x' }],
  ['keys that look like numbers', { 10: 'a', 2: 'b', x: 'c' }],
  // Through JSON, because a literal would set the prototype.
  ['names of JavaScript', JSON.parse('{"constructor": 1, "toString": 2, "__proto__": {"a": 1}}')],
  ['an object with a type but no value', { __type__: 'datetime', x: 1 }],
  ['aware datetime', new Date('2020-01-02T03:04:05.006Z')],
  ['whole second', new Date('2020-01-02T03:04:05Z')],
  ['date', new PyDate('2020-02-29')],
  ['time', new PyTime('03:04:05.000007')],
  ['decimal', new Decimal('1.10')],
  ['uuid', new Uuid('00000000-0000-0000-0000-000000000005')],
  ['bytes that are text', new TextEncoder().encode('abc é')],
  ['bytes', new Uint8Array([255, 0, 128])],
  ['typed values inside', { when: [new PyDate('2020-01-01')], price: { net: new Decimal('9.99') } }],
  ['ten thousand numbers', Array.from({ length: 10_000 }, (_, index) => index)],
]

/** What we read where Python stored the value of that name. */
export const read: readonly NamedValue[] = [
  ...both,
  ['huge', 1e22],
  ['whole float', 1],
  ['tuple', [1, [2, 3]]],
  ['keys that are no text', { 2: 'a', null: 'b', true: 'c', '1.5': 'd' }],
  ['naive datetime', new Date('2020-01-02T03:04:05Z')],
  ['datetime of another zone', new Date('2020-01-02T08:04:05.123Z')],
]

/** What we store so that Python reads the value of that name. */
export const stored: readonly NamedValue[] = [
  ...both,
  ['huge', float(1e22)],
  ['whole float', float(1)],
  ['undefined', undefined],
  ['object with undefined', { a: 1, b: undefined }],
  [
    'map',
    new Map<unknown, unknown>([
      [1, 'a'],
      ['x', [1, 2]],
    ]),
  ],
]

/** What msgpack and YAML carry as well. */
export const plain = { list: [1, -2, 2 ** 40, 1.5], text: 'é☃', nothing: null, yes: true, no: false }
