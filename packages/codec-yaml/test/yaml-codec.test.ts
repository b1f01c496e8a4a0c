import { Decimal, float, PyDate, stateOf } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { yamlCodec } from '../src/index.ts'

const unreadable = expect.objectContaining({ code: 'unreadable' }) as Error

describe('yamlCodec', () => {
  // As PyYAML writes them.
  it.each([
    ['null\n...\n', null],
    ['true\n...\n', true],
    ['[1, 0x1F, 010, 0b11, 1_000, 1:30]', [1, 31, 8, 3, 1000, 90]],
    ['[1.5, 1.0e+22, 1.0e-07, .inf, -.inf, -0.0]', [1.5, 1e22, 1e-7, Infinity, -Infinity, -0]],
    ['.nan', NaN],
    ['- y\n- n\n- 1e3\n- 1e+3\n- 0o7\n- 09\n', ['y', 'n', '1e3', '1e+3', '0o7', '09']],
    ["- 'yes'\n- '='\n- '<<'\n- '2020-01-01'\n- ''\n", ['yes', '=', '<<', '2020-01-01', '']],
    ['1180591620717411303424', 2n ** 70n],
    ['2020-02-29', new PyDate('2020-02-29')],
    ['2020-01-02 03:04:05.006000+00:00', new Date('2020-01-02T03:04:05.006Z')],
    ['2020-01-02 03:04:05', new Date('2020-01-02T03:04:05Z')],
    ['2020-01-02 03:04:05-05:00', new Date('2020-01-02T08:04:05Z')],
    ['!!binary |\n  /wA=\n', new Uint8Array([255, 0])],
    ['"h\\xE9\\u2603\\U0001F600"', 'hé☃😀'],
    [
      'children: []\ndate_done: null\nresult:\n  a: &id001 [1]\n  b: *id001\n',
      { children: [], date_done: null, result: { a: [1], b: [1] } },
    ],
  ])('reads what Python wrote: %j', (text, expected) => {
    expect(yamlCodec.decode(text)).toEqual(expected)
    expect(yamlCodec.decode(new TextEncoder().encode(text))).toEqual(expected)
  })

  it.each([
    null,
    [true, false, 0, -17, 1.5, 1e22, 1e-7, NaN, -Infinity],
    [
      'yes',
      'y',
      '1e3',
      '=',
      '<<',
      '~',
      '',
      ' x ',
      'a: b',
      '# no comment',
      '- x',
      'a\nb',
      '\u0000\u007f\u0085\u2028\ufeff',
    ],
    'héllo ☃ 😀',
    { 'a b': { '': [{ yes: 'no' }] }, [`k${'x'.repeat(2000)}`]: 1 },
    2n ** 70n,
    -0,
    new Date('2020-01-02T03:04:05.006Z'),
    [new PyDate('2020-02-29')],
    { bytes: new Uint8Array([255, 0]) },
    'x'.repeat(10_000),
    JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}'),
  ])('reads again what it wrote, case %#', (value) => {
    expect(yamlCodec.decode(yamlCodec.encode(value))).toEqual(value)
  })

  it('writes floats in the one way in which PyYAML takes them for floats', () => {
    expect(yamlCodec.encode([1e22, 1e-7, float(1.25)])).toMatch(/^\[ 1\.0e\+22, 1\.0e-07, 1\.25 \]\n$/u)
  })

  it('writes nothing but ASCII', () => {
    expect(yamlCodec.encode('é☃😀')).toBe('"\\u00e9\\u2603\\U0001f600"\n')
  })

  it('writes documents whose state the first bytes tell', () => {
    expect(stateOf(yamlCodec.encode({ status: 'SUCCESS', result: 1 }))).toBe('SUCCESS')
  })

  it.each([new Decimal('1'), () => 1, new Set([1])])('has no form for case %#', (value) => {
    expect(() => yamlCodec.encode({ value })).toThrow(TypeError)
  })

  it.each([
    '!!python/object/apply:os.system ["true"]',
    '!!python/name:os.system',
    '!!set {a, b}',
    'a: [1, 2',
    'a: b: c',
    new Uint8Array([255, 254, 253]),
    `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'.replaceAll(/./g, (name) => `${name}: &${name} [${`*${String.fromCharCode(name.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
  ])('finds case %# unreadable', (value) => {
    expect(() => yamlCodec.decode(value)).toThrow(unreadable)
  })
})
