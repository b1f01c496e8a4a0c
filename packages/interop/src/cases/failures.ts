import assert from 'node:assert/strict'
import { ExceptionRegistry, TaskError, TaskRevokedError } from '@arpeggio/core'
import { Cases, type Fleet, type InteropCase } from '../interop-case.ts'

/** A class of the application that both sides have. */
class PaymentError extends Error {
  override readonly name = 'PaymentError'
  readonly amount: number

  constructor(message: string, amount: number, options?: ErrorOptions) {
    super(message, options)
    this.amount = amount
  }
}

class Unknown extends Error {
  override readonly name = 'Unknown'
}

const exceptions = new ExceptionRegistry().register(PaymentError, {
  module: 'shop',
  type: 'PaymentError',
  encode: ({ message, amount }) => [message, amount],
  decode: ({ excArgs: [message, amount] }) => new PaymentError(String(message), Number(amount)),
})

const fromPython = new Cases('Python to TypeScript')
  .add(
    'a failure is a TaskError with its class, all its arguments, its traceback and its task [Q43]',
    async (fleet) => {
      const error = await failed(fleet, 'ValueError')
      assert.deepEqual([error.excType, error.excModule, error.excArgs], ['ValueError', 'builtins', ['boom', 1]])
      assert.match(error.traceback ?? '', /^Traceback \(most recent call last\):\n[^]*\nValueError: \('boom', 1\)\n$/u)
      assert.equal(error.message, "ValueError: ('boom', 1)")
      assert.equal(error.taskId, fleet.id)
    },
  )
  .add(
    'a failure without arguments, and one whose class Python chooses by its number',
    async ({ python, node, id }) => {
      await python.call('fail', { id, named: 'no arguments' })
      assert.deepEqual((await taskError(node.waitFor(id))).excArgs, [])
      await python.call('fail', { id: `${id}-2`, named: 'OSError' })
      const error = await taskError(node.waitFor(`${id}-2`))
      assert.deepEqual([error.excType, error.excArgs], ['FileNotFoundError', [2, 'no']])
    },
  )
  .add('a failure of a nested class, with arguments of every kind', async (fleet) => {
    const error = await failed(fleet, 'nested class')
    assert.deepEqual([error.excType, error.excModule], ['Outer.InnerError', 'shop'])
    const when = new Date('2020-01-01T00:00:00Z')
    assert.deepEqual(error.excArgs, [{ a: 1 }, "<class 'object'>", new Uint8Array([255]), when])
  })
  .add(
    'a failure that cannot be pickled, in the wrapper that Celery puts around it [Q44]',
    async ({ python, node, id }) => {
      await python.call('encode_failure', { id, named: 'keyword arguments' })
      const error = await taskError(node.waitFor(id))
      assert.equal(error.excType, 'UnpickleableExceptionWrapper')
      assert.deepEqual(error.excArgs, ['shop', 'KeywordError', [1], 'KeywordError(1)'])
    },
  )
  .add('a failure that cannot be pickled, as the class above that can', async ({ python, node, id }) => {
    await python.call('encode_failure', { id, named: 'subclass with keyword arguments' })
    const error = await taskError(node.waitFor(id))
    assert.deepEqual([error.excType, error.excArgs], ['PaymentError', ['declined', 5]])
  })
  .add('a failure with a cause, which the traceback tells', async (fleet) => {
    const { traceback } = await failed(fleet, 'caused')
    assert.match(traceback ?? '', /ConnectionError: bank is away\n\nThe above exception was the direct cause/u)
  })
  .add('a failure of 50,000 characters, and one that is not ASCII', async ({ python, node, id }) => {
    await python.call('fail', { id, named: 'long' })
    assert.deepEqual((await taskError(node.waitFor(id))).excArgs, ['x'.repeat(50_000)])
    await python.call('fail', { id: `${id}-2`, named: 'unicode' })
    assert.deepEqual((await taskError(node.waitFor(`${id}-2`))).excArgs, ['héllo ☃ 😀'])
  })
  .add('a failure whose arguments JSON cannot carry, as their repr', async (fleet) => {
    const { excArgs } = await failed(fleet, 'unencodable')
    assert.equal(excArgs[0], '{1, 2}')
    assert.match(String(excArgs[1]), /^<object object at 0x[0-9a-f]+>$/u)
  })
  .add(
    'a failure of a registered class comes back as that class',
    async ({ python, node, id }) => {
      await python.call('fail', { id, named: 'application' })
      await assert.rejects(node.waitFor(id), (error: unknown) => {
        assert.ok(error instanceof PaymentError)
        assert.deepEqual([error.message, error.amount], ['declined', 5])
        assert.ok(error.cause instanceof TaskError)
        return true
      })
    },
    { results: { exceptions } },
  )
  .add('a FAILURE without a reason rejects all the same [Q27]', async ({ python, node, id }) => {
    await python.call('store', { id, state: 'FAILURE' })
    assert.deepEqual((await taskError(node.waitFor(id))).excArgs, [])
  })
  .add('a FAILURE with plain text for a reason [Q43]', async ({ python, node, id }) => {
    const value = { exc_type: 'Foreign', exc_message: 'plain text', exc_module: 'elsewhere' }
    await python.call('store', { id, state: 'FAILURE', value })
    const error = await taskError(node.waitFor(id))
    assert.deepEqual([error.excType, error.excArgs], ['Foreign', ['plain text']])
  })
  .add('a REVOKED task rejects with its reason', async ({ python, node, id }) => {
    await python.call('revoked', { id, reason: 'expired' })
    const error = await taskError(node.waitFor(id))
    assert.ok(error instanceof TaskRevokedError)
    assert.deepEqual(error.excArgs, ['expired'])
    assert.equal((await node.getTaskMeta(id)).status, 'REVOKED')
  })
  .list()

const toPython = new Cases('TypeScript to Python')
  .add(
    'a failure can be caught as the class of Python that fits, with message and traceback',
    async ({ python, node, id }) => {
      await node.markAsFailure(id, new RangeError('out of range'))
      const error = await python.raised(id, 'ValueError')
      assert.deepEqual([error.type, error.module, error.args], ['ValueError', 'builtins', ['out of range']])
      assert.match(error.traceback ?? '', /^RangeError: out of range\n {4}at /u)
    },
  )
  .add('a failure with a cause tells it in its traceback', async ({ python, node, id }) => {
    await node.markAsFailure(id, new Error('outer', { cause: new TypeError('inner') }))
    const { type, traceback } = await python.raised(id)
    assert.equal(type, 'Exception')
    assert.match(traceback ?? '', /Caused by: TypeError: inner\n/u)
  })
  .add('errors named like those of Python are those', async ({ python, node, id }) => {
    for (const name of ['KeyError', 'TimeoutError', 'ZeroDivisionError']) {
      await node.markAsFailure(`${id}-${name}`, Object.assign(new Error('boom'), { name }))
      assert.deepEqual((await python.raised(`${id}-${name}`, name)).args, ['boom'])
    }
  })
  .add(
    'a failure of a registered class can be caught as the class of the application',
    async ({ python, node, id }) => {
      await node.markAsFailure(id, new PaymentError('declined', 5))
      const error = await python.raised(id, 'shop.PaymentError')
      assert.deepEqual([error.type, error.module, error.args], ['PaymentError', 'shop', ['declined', 5]])
    },
    { results: { exceptions } },
  )
  .add('a failure of any other class raises one of that name', async ({ python, node, id }) => {
    await node.markAsFailure(id, new Unknown('boom'))
    const error = await python.raised(id)
    assert.deepEqual([error.type, error.args], ['Unknown', ['boom']])
    assert.ok(error.bases.includes('Exception'))
  })
  .add('whatever was thrown raises', async ({ python, node, id }) => {
    await node.markAsFailure(id, 'only text')
    assert.deepEqual((await python.raised(id)).args, ['only text'])
    await node.markAsFailure(`${id}-2`, undefined)
    assert.equal((await python.raised(`${id}-2`)).type, 'Exception')
  })
  .add('a failure of Python that we pass on raises what it was', async ({ python, node, id }) => {
    await python.call('fail', { id, named: 'nested class' })
    await node.markAsFailure(`${id}-2`, await taskError(node.waitFor(id)))
    const error = await python.raised(`${id}-2`)
    assert.deepEqual([error.type, error.module], ['Outer.InnerError', 'shop'])
    assert.match(error.traceback ?? '', /^Traceback \(most recent call last\)/u)
  })
  .add('arguments that JSON cannot carry stand there as text', async ({ python, node, id }) => {
    const excArgs = [new Set([1]), () => 1, { a: 1 }]
    await node.markAsFailure(id, new TaskError({ excType: 'ValueError', excModule: 'builtins', excArgs }))
    assert.deepEqual((await python.raised(id)).args, ['<object Set>', '<function>', { a: 1 }])
  })
  .add('a REVOKED task raises, and can be had as a value', async ({ python, node, id }) => {
    await node.markAsRevoked(id, 'terminated')
    const error = await python.raised(id, 'celery.exceptions.TaskRevokedError')
    assert.deepEqual(error.args, ['terminated'])
    const outcome = await python.get(id, { propagate: false })
    assert.ok('returned' in outcome && 'error' in outcome.returned)
  })
  .add(
    'a FAILURE is never stored without a reason, which would fail in Celery for another [Q27]',
    async ({ python, node, id }) => {
      await node.markAsFailure(id, null)
      const { type, text } = await python.raised(id)
      assert.deepEqual([type, text], ['Exception', 'null'])
    },
  )
  .list()

export const failures: readonly InteropCase[] = [...fromPython, ...toPython]

/** What the failure of that name is here, when Celery has stored it. */
async function failed({ python, node, id }: Fleet, named: string): Promise<TaskError> {
  await python.call('fail', { id, named })
  return taskError(node.waitFor(id, { timeoutMs: 10_000 }))
}

async function taskError(wait: Promise<unknown>): Promise<TaskError> {
  const error: unknown = await wait.then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof TaskError, `a TaskError, not ${String(error)}`)
  return error
}
