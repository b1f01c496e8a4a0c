import { encodeJson, Decimal, float } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { msgpackCodec } from '../src/index.ts'

const unreadable = expect.objectContaining({ code: 'unreadable' }) as Error

function hex(value: unknown): string {
  return Buffer.from(msgpackCodec.encode(value) as Uint8Array).toString('hex')
}

describe('msgpackCodec', () => {
  // As Python's msgpack writes them.
  it.each([
    [null, 'c0'],
    [true, 'c3'],
    [1, '01'],
    [-1, 'ff'],
    [2 ** 40, 'cf0000010000000000'],
    [-(2 ** 40), 'd3ffffff0000000000'],
    [1.5, 'cb3ff8000000000000'],
    ['é', 'a2c3a9'],
    [new Uint8Array([1, 2]), 'c4020102'],
    [[1, { a: 'b' }], '920181a161a162'],
  ])('writes %j as Python does', (value, bytes) => {
    expect(hex(value)).toBe(bytes)
  })

  it.each([
    [
      [null, undefined],
      [null, null],
    ],
    [{ a: 1, b: undefined }, { a: 1 }],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [2n ** 63n, 2n ** 63n],
    [-(2n ** 63n), -(2n ** 63n)],
    [NaN, NaN],
    [-Infinity, -Infinity],
    [1e22, 1e22],
    [float(2), 2],
    [new Map([[1, 'a']]), { 1: 'a' }],
    [new Uint8Array([255, 0]), new Uint8Array([255, 0])],
    [JSON.parse('{"constructor": 1, "toString": 2}'), { constructor: 1, toString: 2 }],
  ])('reads again what it wrote, case %#', (value, expected) => {
    expect(msgpackCodec.decode(msgpackCodec.encode(value))).toEqual(expected)
  })

  it.each([new Date(), new Decimal('1'), 2n ** 64n, () => 1, new Set([1])])('has no form for case %#', (value) => {
    expect(() => msgpackCodec.encode({ value })).toThrow(TypeError)
  })

  it.each([
    '{"status": "SUCCESS"}',
    new Uint8Array(),
    new Uint8Array([0x81]),
    new Uint8Array([0xc1]),
    new Uint8Array([1, 2]),
    new TextEncoder().encode('{"status": "SUCCESS"}'),
    new Uint8Array([0xd4, 5, 1]),
    new Uint8Array(10_000).fill(0x91),
    Buffer.from('81a95f5f70726f746f5f5f01', 'hex'),
  ])('finds case %# unreadable', (value) => {
    expect(() => msgpackCodec.decode(value)).toThrow(unreadable)
  })

  it('writes values as JSON has them, in fewer bytes', () => {
    const value = { list: [1, 2, 3], text: 'x' }
    expect((msgpackCodec.encode(value) as Uint8Array).length).toBeLessThan(encodeJson(value).length)
  })
})
