import { describe, expect, it } from 'vitest'
import { Documents, sequenceNumberOf, versionOf } from '../src/documents.ts'
import { packed } from '../src/packed.ts'

const now = Date.UTC(2026, 0, 2, 3, 4, 5)
const text = new Documents(true)
const native = new Documents(false)

describe('a document as text', () => {
  it('is the text, and when it was written, to the millisecond also where there is none', () => {
    expect(JSON.parse(text.draft({ key: 'k', value: '{"status": "SUCCESS"}' }, now).source)).toEqual({
      result: '{"status": "SUCCESS"}',
      '@timestamp': '2026-01-02T03:04:05.000Z',
    })
  })

  it('tells its expiry beside what Celery reads', () => {
    const { source, expiresAtMs } = text.draft({ key: 'k', value: 'v', expiresInSeconds: 1.5 }, now)
    expect(JSON.parse(source)).toEqual({
      result: 'v',
      '@timestamp': '2026-01-02T03:04:05.000Z',
      writtenAt: '2026-01-02T03:04:05.000Z',
      expiresAt: '2026-01-02T03:04:06.500Z',
    })
    expect(expiresAtMs).toBe(now + 1500)
  })

  it('expires in the year 9999 at the latest, the last that the server can name', () => {
    const { source } = text.draft({ key: 'k', value: 'v', expiresInSeconds: 1e12 }, now)
    expect(JSON.parse(source)).toMatchObject({ expiresAt: '9999-12-31T23:59:59.999Z' })
  })

  it('keeps bytes that are no text apart', () => {
    const value = Uint8Array.of(0xff, 0, 1)
    const { source } = text.draft({ key: 'k', value }, now)
    expect(JSON.parse(source)).toMatchObject({ bytes: '/wAB' })
    const hit = { found: true, _seq_no: 1, _primary_term: 1, _source: JSON.parse(source) as object } // made above
    expect(text.stored(hit, now)?.value).toEqual(Buffer.from(value))
  })
})

describe('a document as an object', () => {
  it.each([
    [
      '{"status": "SUCCESS", "result": {"r": [1, 2]}, "traceback": null}',
      { status: 'SUCCESS', result: '{"r": [1, 2]}', traceback: null },
    ],
    ['{"status": "SUCCESS", "result": "str"}', { status: 'SUCCESS', result: '"str"' }],
    ['{"status": "SUCCESS", "result": 0}', { status: 'SUCCESS', result: 0 }],
    ['{"status": "SUCCESS", "result": []}', { status: 'SUCCESS', result: [] }],
    ['{"status": "SUCCESS", "result": {}}', { status: 'SUCCESS', result: {} }],
    ['{"status": "SUCCESS", "result": ""}', { status: 'SUCCESS', result: '' }],
    ['{"status": "SUCCESS", "result": false}', { status: 'SUCCESS', result: false }],
    ['{"status": "SUCCESS", "result": true}', { status: 'SUCCESS', result: 'true' }],
    [
      '{"status": "FAILURE", "result": {"exc_type": "E"}, "traceback": "at"}',
      { status: 'FAILURE', result: '{"exc_type": "E"}', traceback: '"at"' },
    ],
    ['{"result": [["g", null], []]}', { result: '[["g", null], []]' }],
  ])('[E5] keeps %s as Celery does, and reads it again', (value, result) => {
    expect(native.encode(value)).toEqual(result)
    expect(JSON.parse(String(native.decode(native.encode(value))))).toEqual(JSON.parse(value))
  })

  it('loses nothing of numbers', () => {
    const value = '{"status": "SUCCESS", "result": [12345678901234567890, 1.0, 1e400], "retries": 1.0}'
    const { source } = native.draft({ key: 'k', value }, now)
    expect(source).toContain('[12345678901234567890, 1.0, 1e400]')
    expect(source).toContain('"retries": 1.0')
  })

  it('that is none of Celery stays text beside what Celery reads', () => {
    for (const value of ['1', 'no JSON', '["list"]', '{"id": "chord"}']) {
      const { source } = native.draft({ key: 'k', value }, now)
      expect(JSON.parse(source)).toMatchObject({ text: value })
      expect(native.encode(value)).toBeUndefined()
    }
  })

  it('[E5] is read where text is written, and the other way round', () => {
    const value = '{"status": "SUCCESS", "result": [1]}'
    expect(JSON.parse(String(text.decode(native.encode(value))))).toEqual(JSON.parse(value))
    expect(native.decode(text.encode(value))).toBe(value)
    expect(native.decode(null)).toBeUndefined()
    expect(native.decode(undefined)).toBeUndefined()
  })
})

describe('a version', () => {
  it('names a state of the document, and nothing once that has expired', () => {
    const version = versionOf({ _seq_no: 7, _primary_term: 2 }, now) ?? ''
    expect(sequenceNumberOf(version, now - 1)).toEqual({ if_seq_no: 7, if_primary_term: 2 })
    expect(sequenceNumberOf(version, now)).toBeUndefined()
    expect(sequenceNumberOf('7.2', now)).toEqual({ if_seq_no: 7, if_primary_term: 2 })
    expect(sequenceNumberOf('of another store', now)).toBeUndefined()
  })

  it('does not know an expiry that came with another document', () => {
    const stale = {
      result: 'v',
      '@timestamp': '2026-01-02T03:04:06.000Z',
      writtenAt: '2026-01-02T03:04:05.000Z',
      expiresAt: '2026-01-02T03:04:05.500Z',
    }
    const stored = text.stored({ found: true, _seq_no: 1, _primary_term: 1, _source: stale }, now + 60_000)
    expect(stored).toEqual({ value: 'v', version: '1.1' })
  })
})

describe('a request of many writes', () => {
  it('is cut where it would be too long, and takes a long one alone', () => {
    expect(packed(['aa', 'bb', 'cc'], 4)).toEqual([
      [0, 2],
      [2, 3],
    ])
    expect(packed(['aaaaaa', 'b', 'cccccc'], 4)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ])
    expect(packed(['ü', 'ü'], 3)).toEqual([
      [0, 1],
      [1, 2],
    ])
    expect(packed([], 4)).toEqual([])
  })
})
