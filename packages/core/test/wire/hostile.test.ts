import { describe, expect, it } from 'vitest'
import { BackendError } from '../../src/backend/backend-error.ts'
import { jsonCodec } from '../../src/wire/codec.ts'
import { decodeJson } from '../../src/wire/json.ts'
import { decodeTaskMeta, type TaskMeta } from '../../src/wire/task-meta.ts'
import { TaskError } from '../../src/wire/exceptions.ts'

function refusal(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    return BackendError.is(error) ? error.code : String(error)
  }
}

function failure(result: string): TaskMeta {
  return decodeTaskMeta(`{"status": "FAILURE", "result": ${result}, "task_id": "T"}`, jsonCodec)
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

describe('a hostile document', () => {
  it.each([
    ['nested lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['nested objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
    ['unclosed lists', '['.repeat(100_000)],
    ['lists and objects by turns', '[{"a":'.repeat(50_000) + '1' + '}]'.repeat(50_000)],
    ['lists behind many brackets', `[${'[],'.repeat(5_000)}${'['.repeat(600)}${']'.repeat(600)}]`],
    ['lists that only our own reader takes', '[NaN,'.repeat(100_000) + '1' + ']'.repeat(100_000)],
    ['typed values', '{"__type__":"bytes","__value__":'.repeat(50_000) + '1' + '}'.repeat(50_000)],
  ])('is unreadable when it is too deep: %s', (_, text) => {
    expect(refusal(() => decodeJson(text))).toBe('unreadable')
    expect(refusal(() => decodeJson(text, { mode: 'lossless' }))).toBe('unreadable')
  })

  it('is read up to the limit of depth', () => {
    for (const mode of ['natural', 'lossless'] as const) {
      expect(refusal(() => decodeJson(nested(500), { mode }))).toBeUndefined()
      expect(refusal(() => decodeJson(nested(501), { mode }))).toBe('unreadable')
    }
  })

  it('is unreadable when it is over the limit of length', () => {
    expect(refusal(() => decodeJson(`"${'x'.repeat(1000)}"`, { maxLength: 1001 }))).toBe('unreadable')
    expect(refusal(() => decodeJson(`"${'x'.repeat(1000)}"`, { maxLength: 1002 }))).toBeUndefined()
  })

  it('is unreadable, and quickly, when an integer has a million digits', () => {
    expect(refusal(() => decodeJson('9'.repeat(1_000_000)))).toBe('unreadable')
    expect(refusal(() => decodeJson(`[1.${'9'.repeat(1_000_000)}]`))).toBeUndefined()
  })

  it.each([
    '',
    ' ',
    'nul',
    'None',
    '-NaN',
    '+1',
    '01',
    '1.',
    '.5',
    "'a'",
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    '{"a" 1}',
    '[1 2]',
    '"\n"',
    '"\\x41"',
    '"unclosed',
    '"\\"',
    '[NaN',
    '[NaN, "\\u12"]',
    '{"a": NaN',
    '[] []',
    '\ufeff{}',
    '{"__type__": "sets", "__value__": []}',
    '{"__type__": "__proto__", "__value__": []}',
    '{"__type__": "constructor", "__value__": []}',
    '{"__type__": 1, "__value__": []}',
    '{"__type__": "datetime", "__value__": "yesterday"}',
    '{"__type__": "datetime", "__value__": 5}',
    '{"__type__": "uuid", "__value__": "x"}',
    '{"__type__": "uuid", "__value__": {"hex": "x"}}',
    '{"__type__": "base64", "__value__": "!"}',
    '{"__type__": "decimal", "__value__": "1,5"}',
  ])('is unreadable: %j', (text) => {
    expect(refusal(() => decodeJson(text))).toBe('unreadable')
  })

  it('is unreadable when its bytes are not UTF-8', () => {
    expect(refusal(() => jsonCodec.decode(new Uint8Array([0x22, 0xff, 0x22])))).toBe('unreadable')
    expect(refusal(() => jsonCodec.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x31])))).toBe('unreadable')
  })

  it.each(['natural', 'lossless'] as const)('pollutes no prototype when read in %s mode', (mode) => {
    for (const text of [
      '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
      '[NaN, {"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}]',
      '{"__proto__": {"polluted": {"__type__": "bytes", "__value__": "x"}}}',
    ]) {
      const value = decodeJson(text, { mode })
      expect(Object.getPrototypeOf(value)).toBe(Array.isArray(value) ? Array.prototype : Object.prototype)
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    }
    expect(Object.keys(decodeJson('{"__proto__": 1}', { mode }) as object)).toEqual(['__proto__'])
  })

  it('keeps stamps and unknown fields with the names of prototypes as data', () => {
    const text =
      '{"status": "SUCCESS", "result": 1, "stamped_headers": ["__proto__"], "__proto__": {"x": 1}, "constructor": 2, "task_id": "T"}'
    const meta = decodeTaskMeta(text, jsonCodec)
    expect(Object.keys(meta.stamps ?? {})).toEqual(['__proto__'])
    expect(Object.keys(meta.extra ?? {})).toEqual(['constructor'])
    expect(Object.getPrototypeOf(meta.stamps)).toBe(Object.prototype)
  })

  it.each([
    '[]',
    '"text"',
    'null',
    '1',
    '{}',
    '{"status": "SUCCESS", "task_id": "T"}',
    '{"status": 5, "result": 1, "task_id": "T"}',
    '{"status": null, "result": 1, "task_id": "T"}',
    '{"status": "SUCCESS", "result": 1}',
    '{"status": "SUCCESS", "result": 1, "task_id": 7}',
    '{"status": "SUCCESS", "result": 1, "task_id": "T", "children": "x"}',
    '{"status": "SUCCESS", "result": 1, "task_id": "T", "children": [1]}',
    '{"status": "SUCCESS", "result": 1, "task_id": "T", "children": [[["a", null], "b"]]}',
  ])('is no task document: %s', (text) => {
    expect(refusal(() => decodeTaskMeta(text, jsonCodec))).toBe('unreadable')
  })

  it.each([
    '{"exc_type": "system", "exc_message": ["rm -rf /"], "exc_module": "os"}',
    '{"exc_type": "Function", "exc_message": ["return process"], "exc_module": "builtins"}',
    '{"exc_type": "constructor", "exc_message": ["x"], "exc_module": "Object"}',
    '{"exc_type": "__proto__", "exc_message": {"polluted": true}, "exc_module": "__proto__"}',
    '{"exc_type": 5, "exc_message": 7, "exc_module": []}',
    '{"exc_message": ["x"]}',
    '"a plain message"',
    '17',
    '[["exc_type", "x"]]',
    'null',
    '{}',
  ])('names code that is never run: %s', (result) => {
    const { result: error } = failure(result)
    expect(error).toBeInstanceOf(TaskError)
    expect(Object.getPrototypeOf(error)).toBe(TaskError.prototype)
  })
})
