import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonCodec } from '../../src/wire/codec.ts'
import { encodeJson } from '../../src/wire/json.ts'
import { decodeSuccess } from '../../src/wire/success-document.ts'
import { buildTaskMeta, decodeTaskMeta } from '../../src/wire/task-meta.ts'

const now = new Date('2026-11-21T03:53:31.161Z')
/** The same codec under another identity, which is read as a whole. */
const anyCodec = { ...jsonCodec }

function outcome(text: string, codec: typeof jsonCodec): unknown {
  try {
    return decodeTaskMeta(text, codec, { taskId: 'found' })
  } catch (error) {
    return (error as Error).message
  }
}

const ids = fc.oneof(fc.uuid(), fc.string({ unit: 'binary', maxLength: 8 }))
const documents = fc
  .record({
    id: ids,
    result: fc.oneof(
      fc.jsonValue(),
      fc.bigInt(),
      fc.date({ min: now, max: new Date('9999-01-01'), noInvalidDate: true }),
      fc.constantFrom(NaN, -0),
    ),
    isTracked: fc.boolean(),
    group: fc.option(ids, { nil: undefined }),
    parentId: fc.option(ids, { nil: undefined }),
    exact: fc.boolean(),
  })
  .map(({ id, result, isTracked, group, parentId, exact }) => {
    const origin = { ...(group !== undefined && { group }), ...(parentId !== undefined && { parentId }) }
    const request = isTracked ? { id, task: 'add', args: [], kwargs: {}, ...origin } : undefined
    return encodeJson(buildTaskMeta({ id, state: 'SUCCESS', result, now, request }), { exact })
  })

/** A part of the text replaced by another one, or by a part of itself. */
const broken = fc
  .tuple(
    documents,
    fc.nat(),
    fc.nat(12),
    fc.oneof(fc.constantFrom('', '"', '\\', '\n', '}', ',', '{}', '[1]'), documents),
  )
  .map(([text, where, length, other]) => {
    const at = where % text.length
    return `${text.slice(0, at)}${other}${text.slice(at + length)}`
  })

describe('decodeSuccess', () => {
  it('reads whatever a worker writes of a success as reading the whole document does', () => {
    fc.assert(
      fc.property(documents, (text) => {
        expect(outcome(text, jsonCodec)).toEqual(outcome(text, anyCodec))
      }),
      { numRuns: 3_000 },
    )
  })

  it('leaves a document that is another, or none, to reading the whole', () => {
    fc.assert(
      fc.property(broken, (text) => {
        expect(outcome(text, jsonCodec)).toEqual(outcome(text, anyCodec))
      }),
      { numRuns: 20_000 },
    )
  })

  it.each([false, true])('recognises the documents of Celery and of this package (exact: %s)', (exact) => {
    const request = { id: 'A', task: 'add', args: [], kwargs: {}, group: 'G', parentId: 'P' }
    const text = encodeJson(buildTaskMeta({ id: 'A', state: 'SUCCESS', result: { sum: 3 }, now, request }), { exact })
    expect(decodeSuccess(text)).toEqual({
      taskId: 'A',
      status: 'SUCCESS',
      result: { sum: 3 },
      traceback: null,
      children: [],
      dateDone: now,
      groupId: 'G',
      parentId: 'P',
    })
  })

  it('is not misled by a result that looks like the rest of a document', () => {
    const tail = ',"traceback":null,"children":null,"date_done":"2026-11-21T03:53:31.161000+00:00","task_id":"B"}'
    for (const result of [tail, { a: 1, traceback: null, children: null }, [tail, { tail }]]) {
      const text = encodeJson(buildTaskMeta({ id: 'A', state: 'SUCCESS', result, now }))
      expect(decodeTaskMeta(text, jsonCodec)).toMatchObject({ taskId: 'A', result })
    }
    const twice = `{"status":"SUCCESS","result":1${tail.slice(0, -1)}${tail}`
    expect(outcome(twice, jsonCodec)).toEqual(outcome(twice, anyCodec))
  })

  it.each([
    '"group_id":"a\\,"task_id":"B"}',
    '"group_id":"a\\","task_id":"B"}',
    '"group_id":"G","group_id":"H","task_id":"B"}',
    '"parent_id":"P","group_id":"G","task_id":"B"}',
    '"other":"P","task_id":"B"}',
    '"group_id":"G"}',
    '"task_id":"B\\"}',
    '"task_id":"B\\u0041"}',
    '"task_id":"B\n"}',
    '"task_id":"B","x":"y"}',
    '"task_id":"B"}}',
    '"task_id":"B"]',
    '"task_id":"B',
    '"task_id":null}',
    '"task_id":""}',
  ])('reads or refuses what follows the date as reading the whole does: %s', (ids) => {
    const text = `{"status":"SUCCESS","result":1,"traceback":null,"children":null,"date_done":"2026-11-21T03:53:31.161000+00:00",${ids}`
    expect(outcome(text, jsonCodec)).toEqual(outcome(text, anyCodec))
  })

  it('allows a result as deep as reading the whole does', () => {
    for (const depth of [498, 499, 500]) {
      const text = `{"status":"SUCCESS","result":${'['.repeat(depth)}${']'.repeat(depth)},"traceback":null,"children":null,"date_done":"2026-11-21T03:53:31.161000+00:00","task_id":"A"}`
      expect(outcome(text, jsonCodec)).toEqual(outcome(text, anyCodec))
    }
  })
})
