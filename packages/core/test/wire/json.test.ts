import { describe, expect, it } from 'vitest'
import { Decimal, decodeJson, encodeJson, float, JsonEntries, PyDate, PyTime, Uuid } from '../../src/wire/json.ts'

// As Celery 5.6.2 wrote it.
const VALUES =
  '{"dt": {"__type__": "datetime", "__value__": "2020-01-02T03:04:05"}, "dtz": {"__type__": "datetime", "__value__": "2020-01-02T03:04:05.006000+00:00"}, "d": {"__type__": "date", "__value__": "2020-01-02"}, "t": {"__type__": "time", "__value__": "03:04:05.000007"}, "u": {"__type__": "uuid", "__value__": {"hex": "00000000000000000000000000000005"}}, "dec": {"__type__": "decimal", "__value__": "1.10"}, "b": {"__type__": "bytes", "__value__": "abc"}, "b2": {"__type__": "base64", "__value__": "/wA="}, "tup": [1, 2], "nan": NaN, "inf": -Infinity, "big": 1180591620717411303424, "f": 1.0, "e": 1e+22, "small": 1e-07, "uni": "h\\u00e9\\u2603\\ud83d\\ude00", "ctrl": "a\\u0000\\"\\\\/\\u007f\\u2028"}'

const NATURAL = {
  dt: new Date('2020-01-02T03:04:05Z'),
  dtz: new Date('2020-01-02T03:04:05.006Z'),
  d: new PyDate('2020-01-02'),
  t: new PyTime('03:04:05.000007'),
  u: new Uuid('00000000-0000-0000-0000-000000000005'),
  dec: new Decimal('1.10'),
  b: new Uint8Array([97, 98, 99]),
  b2: new Uint8Array([255, 0]),
  tup: [1, 2],
  nan: NaN,
  inf: -Infinity,
  big: 2n ** 70n,
  f: 1,
  e: 1e22,
  small: 1e-7,
  uni: 'hé☃😀',
  ctrl: 'a\0"\\/\u007f\u2028',
}

describe('the values that Celery wrote', () => {
  it('come out as the natural values of JavaScript', () => {
    expect(decodeJson(VALUES)).toEqual(NATURAL)
  })

  it('are written again byte for byte after lossless reading', () => {
    expect(encodeJson(decodeJson(VALUES, { mode: 'lossless' }), { exact: true })).toBe(VALUES)
  })

  it('are written byte for byte from natural values, but for a date without offset', () => {
    const ours = encodeJson({ ...NATURAL, f: float(1) }, { exact: true })
    expect(ours).toBe(VALUES.replace('2020-01-02T03:04:05"', '2020-01-02T03:04:05+00:00"'))
  })
})

describe('encodeJson', () => {
  it.each([
    [0, '0'],
    [-0, '-0.0'],
    [1.5, '1.5'],
    [123456789.125, '123456789.125'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.25e-10, '1.25e-10'],
    [2 ** 53 - 1, '9007199254740991'],
    [2 ** 53, '9007199254740992.0'],
    [1e15, '1000000000000000'],
    [1e16, '1e+16'],
    [12345678901234567000, '1.2345678901234567e+19'],
    [1e100, '1e+100'],
    [5e-324, '5e-324'],
    [-1.7976931348623157e308, '-1.7976931348623157e+308'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
  ])('writes the number %d as Python does', (value, expected) => {
    expect(encodeJson(value, { exact: true })).toBe(expected)
  })

  it.each([
    [float(1), '1.0'],
    [float(-0), '-0.0'],
    [float(1e15), '1000000000000000.0'],
    [float(1e16), '1e+16'],
    [123n, '123'],
    [undefined, 'null'],
    [[undefined, null], '[null, null]'],
    [{ a: undefined, b: 1 }, '{"b": 1}'],
    [[], '[]'],
    [{}, '{}'],
    [
      new Map<unknown, unknown>([
        [1, 'a'],
        [null, 'b'],
        [true, 'c'],
        [1.5, 'd'],
      ]),
      '{"1": "a", "null": "b", "true": "c", "1.5": "d"}',
    ],
    ['\b\f\n\r\t\u001f\u007f\u0080\uffff', '"\\b\\f\\n\\r\\t\\u001f\\u007f\\u0080\\uffff"'],
    ['\ud800', '"\\ud800"'],
    [{ toJSON: () => [1] }, '[1]'],
    [Buffer.from('abc'), '{"__type__": "bytes", "__value__": "abc"}'],
    [new Date('2020-01-01T00:00:00Z'), '{"__type__": "datetime", "__value__": "2020-01-01T00:00:00+00:00"}'],
  ])('writes what Python would, case %#', (value, expected) => {
    expect(encodeJson(value, { exact: true })).toBe(expected)
  })

  it('writes members of class instances', () => {
    class Point {
      readonly x = 1
      readonly y = new Date(0)
    }
    expect(decodeJson(encodeJson([new Point()]))).toEqual([{ x: 1, y: new Date(0) }])
  })

  it.each([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a set', new Set([1])],
    ['an error', new Error('e')],
    ['a promise', Promise.resolve()],
    ['a regular expression', /x/],
    ['an invalid date', new Date(NaN)],
    ['a date beyond the year 9999', new Date(8.64e15)],
    ['an object as a key', new Map([[{}, 1]])],
  ])('throws a TypeError for %s', (_, value) => {
    expect(() => encodeJson(value)).toThrow(TypeError)
    expect(() => encodeJson({ nested: [value] })).toThrow(TypeError)
    expect(() => encodeJson({ nested: [value] }, { exact: true })).toThrow(TypeError)
  })

  it('throws a TypeError for a circular value', () => {
    const circular: unknown[] = []
    circular.push({ circular })
    expect(() => encodeJson(circular)).toThrow(TypeError)
  })

  it('writes the same data with and without `exact`', () => {
    const value = { text: 'hé😀\u2028', list: [1, -2.5, 1e-7, true, null], nested: { a: {} } }
    expect(decodeJson(encodeJson(value))).toEqual(decodeJson(encodeJson(value, { exact: true })))
  })

  it('keeps the sign of zero and the kind of large numbers without `exact` too', () => {
    expect(decodeJson(encodeJson([-0, 1e16, 1e21]))).toEqual([-0, 1e16, 1e21])
  })
})

describe('decodeJson', () => {
  it.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['[1,-12345678901234567890]', [1, -12345678901234567890n]],
    ['{"a":12345678901234567}', { a: 12345678901234567n }],
    ['0.12345678901234566', 0.12345678901234566],
    ['12345678901234567.0', 12345678901234568],
    ['12345678901234567e1', 123456789012345660],
    ['"12345678901234567"', '12345678901234567'],
    [`1${'0'.repeat(300)}`, 10n ** 300n],
    ['[NaN, Infinity, -Infinity]', [NaN, Infinity, -Infinity]],
    ['1e400', Infinity],
    [' \t\r\n[ 1 , { "a" : 2 } ] \n', [1, { a: 2 }]],
    ['"\\ud83d\\ude00\\u0041\\n"', '😀A\n'],
    ['[NaN, "a\\\\", "\\"", ""]', [NaN, 'a\\', '"', '']],
    ['{"a": 1, "a": 2}', { a: 2 }],
    ['[NaN, {"a": 1, "a": 2}]', [NaN, { a: 2 }]],
  ])('reads case %#', (text, expected) => {
    expect(decodeJson(text)).toEqual(expected)
  })

  it('finds a long integer at every offset', () => {
    for (let pad = 0; pad < 40; pad += 1) {
      expect(decodeJson(`["${'x'.repeat(pad)}", 9007199254740993]`)).toEqual(['x'.repeat(pad), 9007199254740993n])
    }
  })

  it('unwraps typed values inside typed documents, and none that has other keys', () => {
    const text =
      '[{"__type__": "date", "__value__": "2020-01-02", "x": 1}, {"__type__": "date"}, {"a": {"__type__": "uuid", "__value__": {"hex": "00000000000000000000000000000005"}}}]'
    expect(decodeJson(text)).toEqual([
      { __type__: 'date', __value__: '2020-01-02', x: 1 },
      { __type__: 'date' },
      { a: new Uuid('00000000000000000000000000000005') },
    ])
    expect(decodeJson(`[NaN, ${text}]`)).toEqual([NaN, decodeJson(text)])
  })

  it('keeps what a JavaScript object would reorder or merge when reading losslessly', () => {
    const text = '{"b": 1, "2": [1.0, 1, 1.50, 1E5, -0], "1": {"x": 1, "x": 2}}'
    const value = decodeJson(text, { mode: 'lossless' })
    expect(value).toBeInstanceOf(JsonEntries)
    expect(encodeJson(value, { exact: true })).toBe(text)
  })

  it('leaves typed values in their envelopes when reading losslessly', () => {
    const text = '{"__type__": "datetime", "__value__": "2020-01-02T03:04:05.123456+02:00"}'
    expect(encodeJson(decodeJson(text, { mode: 'lossless' }), { exact: true })).toBe(text)
  })
})
