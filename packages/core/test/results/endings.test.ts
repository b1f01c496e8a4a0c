import { describe, expect, it } from 'vitest'
import { PyFloat } from '../../src/index.ts'
import { endingOf } from '../../src/results/endings.ts'
import { jsonCodec } from '../../src/wire/codec.ts'

const document = (status: string, result: string): string =>
  `{"status": "${status}", "result": ${result}, "traceback": null, "children": [], "date_done": "2026-01-01T00:00:00+00:00", "task_id": "a"}`

describe('what a stored document says of a task that has ended', () => {
  it.each(['SUCCESS', 'FAILURE', 'REVOKED'])('is its state and its result: %s', (status) => {
    expect(endingOf('a', document(status, '[1, {"x": null}]'), jsonCodec)).toEqual({
      taskId: 'a',
      state: status,
      value: [1, { x: null }],
    })
  })

  it.each(['PENDING', 'STARTED', 'RETRY', 'RECEIVED', 'PROGRESS'])('is nothing for one that has not: %s', (status) => {
    expect(endingOf('a', document(status, '1'), jsonCodec)).toBeUndefined()
  })

  it('is as it was written, also what JavaScript would write otherwise', () => {
    expect(endingOf('a', document('SUCCESS', '1.0'), jsonCodec)?.value).toEqual(new PyFloat(1, '1.0'))
    expect(endingOf('a', document('SUCCESS', '12345678901234567890'), jsonCodec)?.value).toBe(12345678901234567890n)
    const typed = '{"__type__": "datetime", "__value__": "2026-01-01T00:00:00"}'
    expect(endingOf('a', document('SUCCESS', typed), jsonCodec)?.value).toEqual(JSON.parse(typed))
  })

  it('is read from bytes as well, and null when there is no result', () => {
    expect(endingOf('a', Buffer.from('{"status": "SUCCESS"}'), jsonCodec)).toEqual({
      taskId: 'a',
      state: 'SUCCESS',
      value: null,
    })
  })

  it('is read by other codecs through what they decode', () => {
    const codec = { ...jsonCodec, name: 'other', decode: () => ({ status: 'SUCCESS', result: 7 }) }
    expect(endingOf('a', 'anything', codec)).toEqual({ taskId: 'a', state: 'SUCCESS', value: 7 })
    expect(endingOf('a', 'anything', { ...codec, decode: () => null })).toBeUndefined()
  })
})
