import { describe, expect, it } from 'vitest'
import {
  ChordError,
  decodeException,
  encodeException,
  ExceptionRegistry,
  TaskError,
  TaskRevokedError,
  tracebackOf,
} from '../../src/wire/exceptions.ts'
import { encodeJson } from '../../src/wire/json.ts'
import { pythonRepr } from '../../src/wire/python-repr.ts'

class PaymentError extends Error {
  override readonly name = 'PaymentError'
  readonly amount: number
  constructor(message: string, amount = 0) {
    super(message)
    this.amount = amount
  }
}

describe('encodeException', () => {
  it.each([
    [new Error('boom'), 'Exception', 'builtins'],
    [new TypeError('boom'), 'TypeError', 'builtins'],
    [new RangeError('boom'), 'ValueError', 'builtins'],
    [new PaymentError('boom'), 'PaymentError', null],
    [new (class Unnamed extends Error {})('boom'), 'Unnamed', null],
    [new DOMException('boom', 'TimeoutError'), 'TimeoutError', 'builtins'],
  ])('names the Python class that fits: %s', (error, type, module) => {
    expect(encodeException(error)).toEqual({ exc_type: type, exc_message: ['boom'], exc_module: module })
  })

  it.each(['text', 7, null, undefined])('encodes %j although it is no error', (thrown) => {
    expect(encodeException(thrown)).toEqual({
      exc_type: 'Exception',
      exc_message: [thrown ?? null],
      exc_module: 'builtins',
    })
  })

  it('puts the repr of an argument in the place of one that cannot be encoded', () => {
    const args = [{ a: 1 }, new Set([1]), new Uint8Array([255]), () => 1]
    const error = new TaskError({ excType: 'Outer.InnerErr', excModule: 'tasks', excArgs: args })
    expect(encodeJson(encodeException(error), { exact: true })).toBe(
      '{"exc_type": "Outer.InnerErr", "exc_message": [{"a": 1}, "<object Set>", {"__type__": "base64", "__value__": "/w=="}, "<function>"], "exc_module": "tasks"}',
    )
  })

  // As Celery 5.6.2 wrote them.
  it.each([
    '{"exc_type": "ValueError", "exc_message": ["boom", 1], "exc_module": "builtins"}',
    '{"exc_type": "FileNotFoundError", "exc_message": [2, "no"], "exc_module": "builtins"}',
    '{"exc_type": "TaskRevokedError", "exc_message": ["expired"], "exc_module": "celery.exceptions"}',
    '{"exc_type": "ChordError", "exc_message": ["Dependency F raised ValueError(\'boom\', 1)"], "exc_module": "celery.exceptions"}',
    '{"exc_type": "UnpickleableExceptionWrapper", "exc_message": ["tasks", "KwErr", [1], "KwErr(1)"], "exc_module": "celery.utils.serialization"}',
    '{"exc_type": "Plain", "exc_message": [], "exc_module": null}',
  ])('writes again what was read: %s', (text) => {
    const error = decodeException(JSON.parse(text))
    expect(encodeJson(encodeException(error), { exact: true })).toBe(text)
  })
})

describe('decodeException', () => {
  it('tells everything that was stored', () => {
    const data = { exc_type: 'ValueError', exc_message: ['boom', 1], exc_module: 'builtins' }
    const error = decodeException(data, { taskId: 'T', traceback: 'Traceback …' })
    expect(error).toBeInstanceOf(TaskError)
    expect(error).toMatchObject({
      name: 'TaskError',
      message: "ValueError: ('boom', 1)",
      excType: 'ValueError',
      excModule: 'builtins',
      excArgs: ['boom', 1],
      taskId: 'T',
      traceback: 'Traceback …',
    })
  })

  it('shows a single argument as Python does', () => {
    expect(decodeException({ exc_type: 'E', exc_message: ['boom'] }).message).toBe('E: boom')
    expect(decodeException({ exc_type: 'E', exc_message: [null] }).message).toBe('E: None')
    expect(decodeException({ exc_type: 'E', exc_message: [] }).message).toBe('E')
    expect(decodeException({ exc_type: 'E', exc_message: 'plain text' }).message).toBe('E: plain text')
  })

  it("makes Celery's own errors of their kinds", () => {
    const data = { exc_type: 'ChordError', exc_message: ['x'], exc_module: 'celery.exceptions' }
    expect(decodeException(data)).toBeInstanceOf(ChordError)
    expect(decodeException({ ...data, exc_type: 'TaskRevokedError' })).toBeInstanceOf(TaskRevokedError)
    expect(decodeException({ ...data, exc_module: 'elsewhere' })).not.toBeInstanceOf(ChordError)
  })
})

describe('ExceptionRegistry', () => {
  const registry = new ExceptionRegistry().register(PaymentError, {
    module: 'shop.errors',
    type: 'PaymentError',
    encode: (error) => [error.message, error.amount],
    decode: ({ excArgs }) => new PaymentError(String(excArgs[0]), Number(excArgs[1])),
  })
  const data = { exc_type: 'PaymentError', exc_message: ['declined', 5], exc_module: 'shop.errors' }

  it('carries a registered class both ways', () => {
    expect(encodeException(new PaymentError('declined', 5), registry)).toEqual(data)
    const error = decodeException(data, { registry, taskId: 'T' })
    expect(error).toBeInstanceOf(PaymentError)
    expect(error).toMatchObject({ message: 'declined', amount: 5, cause: expect.any(TaskError) as unknown })
  })

  it('encodes a subclass as the class that is registered', () => {
    class CardError extends PaymentError {}
    expect(encodeException(new CardError('declined', 5), registry)).toEqual(data)
  })

  it('makes a TaskError when module, name or arguments do not fit', () => {
    const strict = new ExceptionRegistry().register(PaymentError, {
      module: 'shop.errors',
      type: 'PaymentError',
      decode: () => {
        throw new Error('cannot')
      },
    })
    expect(decodeException({ ...data, exc_module: 'other' }, { registry })).toBeInstanceOf(TaskError)
    expect(decodeException({ ...data, exc_type: 'toString' }, { registry })).toBeInstanceOf(TaskError)
    expect(decodeException(data, { registry: strict })).toBeInstanceOf(TaskError)
  })

  it('stores an error as any other when its entry fails', () => {
    const broken = new ExceptionRegistry().register(PaymentError, {
      module: 'shop.errors',
      type: 'PaymentError',
      encode: () => {
        throw new Error('cannot')
      },
    })
    expect(encodeException(new PaymentError('declined'), broken)).toMatchObject({ exc_message: ['declined'] })
  })

  it('makes an error of the first argument unless told otherwise', () => {
    const plain = new ExceptionRegistry().register(PaymentError, { module: 'shop.errors', type: 'PaymentError' })
    expect(decodeException(data, { registry: plain })).toMatchObject({ message: 'declined', amount: 0 })
  })

  it('refuses a class that is no error', () => {
    const noError = Map as unknown as typeof PaymentError
    expect(() => new ExceptionRegistry().register(noError, { module: 'm', type: 't' })).toThrow(TypeError)
  })
})

describe('tracebackOf', () => {
  it('shows the stack and those of its causes, also in a circle', () => {
    const cause = new Error('inner')
    const error = new Error('outer', { cause })
    cause.cause = error
    const text = tracebackOf(error)
    expect(text).toMatch(/^Error: outer\n[^]*\n\nCaused by: Error: inner\n/)
    expect(text.match(/Error: outer/g)).toHaveLength(1)
  })

  it("keeps a stored failure's own traceback", () => {
    expect(tracebackOf(decodeException({ exc_type: 'E' }, { traceback: 'Traceback …' }))).toBe('Traceback …')
  })
})

describe('pythonRepr', () => {
  it.each([
    ['boom', "'boom'"],
    ["it's", '"it\'s"'],
    [`it's "it"`, `'it\\'s "it"'`],
    ['\n\t\\\0\u007f\u00e9\u2028\u{e000}\u{10ffff}', String.raw`'\n\t\\\x00\x7fé\u2028\ue000\U0010ffff'`],
    [1, '1'],
    [1.5, '1.5'],
    [-0, '-0.0'],
    [NaN, 'nan'],
    [-Infinity, '-inf'],
    [true, 'True'],
    [null, 'None'],
    [undefined, 'None'],
    [[1, ['a']], "[1, ['a']]"],
    [{ a: 1, 'b c': null }, "{'a': 1, 'b c': None}"],
    [new Uint8Array([0, 39, 65, 255]), String.raw`b"\x00'A\xff"`],
    [
      new Date('2020-01-02T03:04:05.006Z'),
      'datetime.datetime(2020, 1, 2, 3, 4, 5, 6000, tzinfo=datetime.timezone.utc)',
    ],
    [new Date('2020-01-02T03:04:00Z'), 'datetime.datetime(2020, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)'],
    [new TypeError('boom'), "TypeError('boom')"],
    [new TaskError({ excType: 'Outer.InnerErr', excModule: 'tasks', excArgs: ['boom', 1] }), "InnerErr('boom', 1)"],
    [new Set([1]), '<object Set>'],
  ])('shows case %# as Python does', (value, expected) => {
    expect(pythonRepr(value)).toBe(expected)
  })

  it('ends on circular values', () => {
    const circular: unknown[] = []
    circular.push(circular)
    expect(pythonRepr(circular)).toContain('...')
  })
})
