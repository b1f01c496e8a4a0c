import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Decimal, decodeJson, encodeJson, float, Uuid } from '../../src/wire/json.ts'

/** Values as applications have them, typed ones included. */
const { value: values } = fc.letrec<{ value: unknown; leaf: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom('1', '10', '__proto__')),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
  leaf: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.double(),
    fc.integer(),
    fc.bigInt().filter((integer) => integer > 2n ** 53n || integer < -(2n ** 53n)),
    fc.boolean(),
    fc.constant(null),
    fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Uint8Array.from(bytes)),
    fc.uuid().map((text) => new Uuid(text)),
    fc.integer().map((integer) => new Decimal(`${integer}.50`)),
  ),
}))

describe('JSON', () => {
  it('survives lossless reading and exact writing byte for byte', () => {
    const written = fc.oneof(values, fc.tuple(values, fc.integer().map(float)))
    fc.assert(
      fc.property(written, (value) => {
        const text = encodeJson(value, { exact: true })
        expect(encodeJson(decodeJson(text, { mode: 'lossless' }), { exact: true })).toBe(text)
      }),
      { numRuns: 10_000 },
    )
  })

  it('gives back natural values, written either way', () => {
    fc.assert(
      fc.property(values, fc.boolean(), (value, exact) => {
        expect(decodeJson(encodeJson(value, { exact }))).toEqual(value)
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads what JSON.stringify writes as JSON.parse does but for long integers, by our own reader as well', () => {
    fc.assert(
      fc.property(
        fc.json().filter((text) => !/\d{16}/.test(text)),
        (text) => {
          expect(decodeJson(text)).toEqual(JSON.parse(text))
          expect(decodeJson(`[NaN, ${text}]`)).toEqual([NaN, JSON.parse(text)])
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('reads or refuses any text as JSON.parse does, never with another error than `unreadable`', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '1',
      '-',
      '.',
      'e',
      'a',
      '\\',
      'true',
      'null',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('')
        const native = attempt(() => JSON.parse(text) as unknown)
        const ours = attempt(() => decodeJson(text))
        const own = attempt(() => (decodeJson(`[NaN,${text}]`) as unknown[])[1])
        expect(ours).toEqual('value' in native ? native : { code: 'unreadable' })
        // What is no JSON by itself may be some between brackets.
        expect('value' in native ? own : native).toEqual(native)
      }),
      { numRuns: 5_000 },
    )
  })
})

function attempt(read: () => unknown): { value: unknown } | { code: unknown } {
  try {
    return { value: read() }
  } catch (error) {
    return { code: (error as { code?: unknown }).code }
  }
}
