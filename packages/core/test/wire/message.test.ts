import { describe, expect, it } from 'vitest'
import { encodeJson } from '../../src/wire/json.ts'
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts'
import { decodeResultTuple, encodeResultTuple } from '../../src/wire/result-tuple.ts'
import { decodeSignatureData, isSignatureData, signatureData } from '../../src/wire/signature-data.ts'
import type { TaskMessage } from '../../src/wire/task-request.ts'

const unreadable = expect.objectContaining({ code: 'unreadable' }) as Error
const now = new Date('2026-11-21T03:53:31Z')

describe('a signature', () => {
  it("has Celery's keys in Celery's order", () => {
    const body = signatureData({ task: 'tsum', options: { task_id: 'BODY', reply_to: 'R', group_id: 'G' } })
    expect(encodeJson(body, { exact: true })).toBe(
      '{"task": "tsum", "args": [], "kwargs": {}, "options": {"task_id": "BODY", "reply_to": "R", "group_id": "G"}, "subtask_type": null, "immutable": false}',
    )
  })

  it('is completed when read, and keeps what it does not know', () => {
    expect(decodeSignatureData({ chord_size: 2, task: 'a', args: null })).toEqual({
      ...signatureData({ task: 'a' }),
      chord_size: 2,
    })
  })

  it.each([
    null,
    [],
    'a',
    {},
    { task: 1 },
    { task: 'a', args: {} },
    { task: 'a', kwargs: [] },
    { task: 'a', immutable: 1 },
  ])('is not %j', (data) => {
    expect(isSignatureData(data)).toBe(false)
    expect(() => decodeSignatureData(data)).toThrow(unreadable)
  })
})

describe('a result tuple', () => {
  it.each([
    ['[["a", null], null]', { id: 'a' }],
    ['[["a", [["p", null], null]], null]', { id: 'a', parent: { id: 'p' } }],
    ['[["g", null], []]', { id: 'g', members: [] }],
    ['[["g", null], [[["a", null], null]]]', { id: 'g', members: [{ id: 'a' }] }],
  ])('is written and read as %s', (text, node) => {
    expect(decodeResultTuple(JSON.parse(text))).toEqual(node)
    expect(encodeJson(encodeResultTuple(node), { exact: true })).toBe(text)
  })

  it.each([
    ['["a", null]', { id: 'a' }],
    ['[["a", []], null]', { id: 'a' }],
    ['["g", [["b", null]]]', { id: 'g', members: [{ id: 'b' }] }],
  ])('may be written shorter: %s', (text, node) => {
    expect(decodeResultTuple(JSON.parse(text))).toEqual(node)
  })

  it.each([
    'null',
    '"a"',
    '[]',
    '["a"]',
    '["a", null, null]',
    '[["a"], null]',
    '[[1, null], null]',
    '["", null]',
    '["a", 5]',
  ])('is not %s', (text) => {
    expect(() => decodeResultTuple(JSON.parse(text))).toThrow(unreadable)
  })
})

describe('a message', () => {
  const message: TaskMessage = {
    id: 'A',
    task: 'add',
    args: [1, 'x'],
    kwargs: { y: null },
    rootId: 'R',
    parentId: 'P',
    group: 'G',
    groupIndex: 0,
    retries: 2,
    ignoreResult: false,
    stamps: { mine: 1 },
    stampedHeaders: ['mine'],
    callbacks: [signatureData({ task: 'next' })],
    errbacks: [signatureData({ task: 'oops' })],
    chain: [signatureData({ task: 'last' }), signatureData({ task: 'second' })],
    chord: signatureData({ task: 'body' }),
    countdownSeconds: 5,
    replacedTaskNesting: 1,
  }

  it('survives being written and read', () => {
    expect(decodeMessage(encodeMessage(message, { now }), { now })).toEqual(message)
  })

  it('has the headers of protocol 2 in their order', () => {
    const { headers, body } = encodeMessage({ id: 'A', task: 'add', args: [1], kwargs: {} }, { now, origin: 'me' })
    expect(encodeJson(headers, { exact: true })).toBe(
      '{"lang": "js", "task": "add", "id": "A", "shadow": null, "eta": null, "expires": null, "group": null, "group_index": null, "retries": 0, "timelimit": [null, null], "root_id": "A", "parent_id": null, "argsrepr": "(1,)", "kwargsrepr": "{}", "origin": "me", "ignore_result": null, "replaced_task_nesting": 0, "stamped_headers": null, "stamps": {}}',
    )
    expect(encodeJson(body, { exact: true })).toBe(
      '[[1], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]',
    )
  })

  it('turns a countdown into an instant', () => {
    expect(encodeMessage(message, { now }).headers['eta']).toBe('2026-11-21T03:53:36+00:00')
  })

  it.each([
    [{ headers: {}, body: [[], {}, {}] }],
    [{ headers: { id: 'A', task: 7 }, body: [[], {}, {}] }],
    [{ headers: { id: 'A', task: 'a' }, body: null }],
    [{ headers: { id: 'A', task: 'a' }, body: [[], {}] }],
    [{ headers: { id: 'A', task: 'a' }, body: [{}, [], {}] }],
    [{ headers: { id: 'A', task: 'a' }, body: [[], {}, { chain: 'x' }] }],
    [{ headers: { id: 'A', task: 'a' }, body: [[], {}, { chord: {} }] }],
  ])('is unreadable when malformed, case %#', (wire) => {
    expect(() => decodeMessage(wire)).toThrow(unreadable)
  })
})
