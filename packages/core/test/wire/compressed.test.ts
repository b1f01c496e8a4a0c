import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { jsonCodec } from '../../src/wire/codec.ts'
import { expanded } from '../../src/wire/compressed.ts'

const document = '{"status": "SUCCESS", "result": 1}'
const unreadable = expect.objectContaining({ code: 'unreadable' }) as Error

function compressed(type: string, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`\0celery-compressed\0${type}\0`), body])
}

describe('a compressed result', () => {
  it.each([
    ['application/x-gzip', deflateSync],
    ['application/x-gzip', gzipSync],
    ['application/x-brotli', brotliCompressSync],
  ])('is read when it is marked as %s', (type, compress) => {
    const value = compressed(type, compress(document))
    expect(jsonCodec.decode(value)).toEqual({ status: 'SUCCESS', result: 1 })
  })

  it.each([
    compressed('application/x-bz2', Buffer.from('BZh9')),
    compressed('application/x-gzip', Buffer.from(document)),
    compressed('constructor', Buffer.from(document)),
    Buffer.from('\0celery-compressed\0'),
    Buffer.from('\0celery-compressed\0application/x-gzip'),
  ])('is unreadable otherwise, case %#', (value) => {
    expect(() => expanded(value)).toThrow(unreadable)
  })

  it('is unreadable when it expands to more than a document may hold', () => {
    const bomb = compressed('application/x-gzip', deflateSync(Buffer.alloc(0x10000001)))
    expect(bomb.length).toBeLessThan(400_000)
    expect(() => expanded(bomb)).toThrow(unreadable)
  })

  it.each([document, Buffer.from(document), new Uint8Array(), new Uint8Array([0, 1])])(
    'is none of other values, case %#',
    (value) => {
      expect(expanded(value)).toBe(value)
    },
  )
})
