import { describe, expect, it } from 'vitest'
import { codecs, jsonCodec } from '../../src/wire/codec.ts'
import { TaskError, TaskRevokedError } from '../../src/wire/exceptions.ts'
import { decodeGroupMeta, encodeGroupMeta } from '../../src/wire/group-meta.ts'
import { encodeJson } from '../../src/wire/json.ts'
import { storedFormat } from '../../src/wire/stored-format.ts'
import { buildTaskMeta, decodeTaskMeta, encodeTaskMeta, stateOf, type TaskMetaInput } from '../../src/wire/task-meta.ts'
import type { TaskRequest } from '../../src/wire/task-request.ts'

const now = new Date('2026-11-21T03:53:31.161Z')

function request(details: Partial<TaskRequest> = {}): TaskRequest {
  return { id: 'A', task: 'add', args: [7, 8], kwargs: {}, ...details }
}

function written(input: Partial<TaskMetaInput>): string {
  return encodeJson(buildTaskMeta({ id: 'A', state: 'SUCCESS', result: 2, now, ...input }), { exact: true })
}

// The expectations are what Celery 5.6.2 wrote, but for the clock.
describe('buildTaskMeta', () => {
  it('writes a state without a request', () => {
    expect(written({ id: 'ST', state: 'STARTED', result: { pid: 1, hostname: 'h', extra: 2 } })).toBe(
      '{"status": "STARTED", "result": {"pid": 1, "hostname": "h", "extra": 2}, "traceback": null, "children": null, "date_done": null, "task_id": "ST"}',
    )
  })

  it('writes a success in a chord', () => {
    expect(written({ request: request({ group: 'G' }) })).toBe(
      '{"status": "SUCCESS", "result": 2, "traceback": null, "children": [], "date_done": "2026-11-21T03:53:31.161000+00:00", "group_id": "G", "task_id": "A"}',
    )
  })

  it('writes the body of a chord', () => {
    expect(written({ id: 'BODY', result: 6, request: request({ group: 'G', parentId: 'B' }) })).toBe(
      '{"status": "SUCCESS", "result": 6, "traceback": null, "children": [], "date_done": "2026-11-21T03:53:31.161000+00:00", "group_id": "G", "parent_id": "B", "task_id": "BODY"}',
    )
  })

  it('writes the extended fields and the stamps', () => {
    const stamped = request({
      hostname: 'celery@box',
      deliveryInfo: { routingKey: 'celery' },
      stamps: { other: [1, 2], mystamp: 'val' },
      stampedHeaders: ['other', 'mystamp'],
    })
    expect(written({ id: 'S', extended: true, request: stamped })).toMatch(
      /"date_done": "[^"]+", "name": "add", "args": \[7, 8\], "kwargs": \{\}, "worker": "celery@box", "retries": 0, "queue": "celery", "stamped_headers": \["other", "mystamp"\], "other": \[1, 2\], "mystamp": "val", "task_id": "S"\}$/,
    )
  })

  it('lets no stamp replace a field of the document', () => {
    const stamps = { status: 'FAILURE', task_id: 'X', result: 0, stamped_headers: 1, mine: 1 }
    const meta = buildTaskMeta({
      id: 'A',
      state: 'SUCCESS',
      result: 2,
      extended: true,
      request: request({ stamps }),
      now,
    })
    expect(meta).toMatchObject({ status: 'SUCCESS', result: 2, task_id: 'A', stamped_headers: ['mine'], mine: 1 })
  })

  it('writes a revoked task, without microseconds when they are zero', () => {
    const result = new TaskRevokedError('expired')
    expect(written({ state: 'REVOKED', result, now: new Date('2026-11-21T03:53:31Z') })).toBe(
      '{"status": "REVOKED", "result": {"exc_type": "TaskRevokedError", "exc_message": ["expired"], "exc_module": "celery.exceptions"}, "traceback": null, "children": null, "date_done": "2026-11-21T03:53:31+00:00", "task_id": "A"}',
    )
  })

  it('writes null for no value, and what the task spawned', () => {
    const children = [{ id: '50' }, { id: '58', members: [{ id: '09' }, { id: '46' }] }]
    const meta = buildTaskMeta({ id: 'A', state: 'SUCCESS', result: undefined, request: request({ children }) })
    expect(meta['result']).toBeNull()
    expect(encodeJson(meta['children'], { exact: true })).toBe(
      '[[["50", null], null], [["58", null], [[["09", null], null], [["46", null], null]]]]',
    )
  })
})

function withoutReason(status: string): unknown {
  return decodeTaskMeta(`{"status": "${status}", "result": null, "task_id": "A"}`, jsonCodec).result
}

describe('decodeTaskMeta', () => {
  it('reads every field that Celery writes', () => {
    const text =
      '{"status": "SUCCESS", "result": 2, "traceback": null, "children": [[["50", null], null]], "date_done": "2026-11-21T03:53:31.161071+00:00", "group_id": "G", "parent_id": "B", "name": "add", "args": [7, 8], "kwargs": {}, "worker": "celery@box", "retries": 1, "queue": "celery", "stamped_headers": ["mine"], "mine": "val", "later": true, "task_id": "A"}'
    const expected = {
      taskId: 'A',
      status: 'SUCCESS',
      result: 2,
      traceback: null,
      children: [{ id: '50' }],
      dateDone: now,
      groupId: 'G',
      parentId: 'B',
      name: 'add',
      args: [7, 8],
      kwargs: {},
      worker: 'celery@box',
      retries: 1,
      queue: 'celery',
      stampedHeaders: ['mine'],
      stamps: { mine: 'val' },
      extra: { later: true },
    }
    expect(decodeTaskMeta(text, jsonCodec)).toEqual(expected)
    expect(decodeTaskMeta(new TextEncoder().encode(text), jsonCodec)).toEqual(expected)
  })

  it('reads a document of the fewest fields', () => {
    expect(decodeTaskMeta('{"status":"PROGRESS","result":null}', jsonCodec, { taskId: 'T' })).toEqual({
      taskId: 'T',
      status: 'PROGRESS',
      result: null,
      traceback: null,
      children: null,
    })
  })

  it.each([
    ['2026-11-21T03:53:31.161071+00:00', now],
    ['2026-11-20T22:53:31.161-05:00', now],
    ['2026-11-21T03:53:31.161Z', now],
    ['2026-11-21T03:53:31.161000', now],
    ['2026-11-21T03:53:31+00:00', new Date('2026-11-21T03:53:31Z')],
    ['2024-02-29T23:59:59.999999+00:00', new Date('2024-02-29T23:59:59.999Z')],
    ['0099-02-28T23:59:59.999999+00:00', new Date('0099-02-28T23:59:59.999Z')],
    ['yesterday', undefined],
    ['2026-11-21T24:53:31.161071+00:00', undefined],
    ['2026-13-21T03:53:31.161071+00:00', undefined],
  ])('reads the date %s', (text, expected) => {
    const meta = decodeTaskMeta(`{"status": "SUCCESS", "result": 1, "date_done": "${text}", "task_id": "A"}`, jsonCodec)
    expect(meta.dateDone).toEqual(expected)
  })

  it('makes an error of a failure, with its traceback and task', () => {
    const document = buildTaskMeta({ id: 'F', state: 'FAILURE', result: new RangeError('boom'), traceback: 'stack' })
    expect(decodeTaskMeta(encodeTaskMeta(document, jsonCodec), jsonCodec).result).toMatchObject({
      excType: 'ValueError',
      excArgs: ['boom'],
      taskId: 'F',
      traceback: 'stack',
    })
  })

  it('makes an error of a failure without a reason, but none of a retry', () => {
    expect(withoutReason('FAILURE')).toBeInstanceOf(TaskError)
    expect(withoutReason('REVOKED')).toBeInstanceOf(TaskRevokedError)
    expect(withoutReason('RETRY')).toBeNull()
  })
})

describe('stateOf', () => {
  it.each([
    ['{"status": "SUCCESS", "result": 1}', 'SUCCESS'],
    ['{"status":"FAILURE","result":1}', 'FAILURE'],
    [' {\n "status" : "MY STATE"', 'MY STATE'],
    ['{"result": 1, "status": "SUCCESS"}', undefined],
    ['{"status": "h\\u00e9"}', undefined],
    ['{"status": "hé"}', undefined],
    ['{"status": null}', undefined],
    [`{"status": "${'x'.repeat(300)}"}`, undefined],
    ['', undefined],
    ['status: SUCCESS', undefined],
  ])('reads the head of %j', (text, expected) => {
    expect(stateOf(text)).toBe(expected)
    expect(stateOf(new TextEncoder().encode(text))).toBe(expected)
  })

  it('reads what this library writes', () => {
    expect(stateOf(encodeTaskMeta(buildTaskMeta({ id: 'A', state: 'SUCCESS', result: 1 }), jsonCodec))).toBe('SUCCESS')
  })
})

describe('a group document', () => {
  const text = '{"result": [["G", null], [[["A", null], null], [["B", null], null]]]}'
  const group = { id: 'G', members: [{ id: 'A' }, { id: 'B' }] }

  it("is Celery's", () => {
    expect(decodeGroupMeta(text, jsonCodec)).toEqual(group)
    expect(JSON.parse(encodeGroupMeta(group, jsonCodec) as string)).toEqual(JSON.parse(text))
  })

  it.each(['{}', '[]', '{"result": null}', '{"result": [["G", null], null]}'])('is not %s', (text) => {
    expect(() => decodeGroupMeta(text, jsonCodec)).toThrow(expect.objectContaining({ code: 'unreadable' }) as Error)
  })
})

describe('storedFormat', () => {
  it.each([
    ['json', '{"status": "SUCCESS"}'],
    ['json', ' [1]'],
    ['json', 'null'],
    ['yaml', 'children: []\ndate_done: null\n'],
    ['pickle', new Uint8Array([0x80, 4, 0x95])],
    ['msgpack', new Uint8Array([0x87, 0xa6])],
    ['msgpack', new Uint8Array([0xde, 0, 16])],
    ['compressed', new Uint8Array([0, 122, 108, 105, 98])],
    ['compressed', new Uint8Array([0xc1, 122, 108, 105, 98])],
    ['compressed', new Uint8Array([0xff, 1])],
    ['compressed', new Uint8Array([0x1f, 0x8b, 8])],
    ['compressed', new Uint8Array([0x78, 0x9c])],
    ['compressed', new Uint8Array([0x28, 0xb5, 0x2f, 0xfd])],
    ['compressed', '!compressed:zlib:'],
    [undefined, ''],
    [undefined, 'hello'],
    [undefined, 'émile'],
  ])('tells %s from the first bytes, case %#', (expected, value) => {
    expect(storedFormat(value)).toBe(expected)
  })

  it('tells every foreign format that the JSON codec refuses', () => {
    expect(() => jsonCodec.decode(new Uint8Array([0, 122, 108, 105, 98]))).toThrow(
      expect.objectContaining({ code: 'unreadable' }) as Error,
    )
  })
})

describe('codecs', () => {
  it('finds JSON and whatever is added, by name', () => {
    const mine = { ...jsonCodec, name: 'mine' }
    expect([...codecs([mine]).keys()]).toEqual(['json', 'mine'])
  })
})
