import { describe, expect, expectTypeOf, it } from 'vitest'
import { type AsyncResult, chain, EagerResult, group, type GroupResult, Results, task } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'
import { RecordedPublisher } from './recorded-publisher.ts'

const open = (): Results => new Results({ backend: new MapBackend() })

describe('AsyncResult', () => {
  it('get resolves to the value, or rejects with the task’s error', async () => {
    const results = open()
    await results.storeResult('a', 7, 'SUCCESS')
    await results.markAsFailure('b', new Error('boom'))
    expect(await results.result('a').get()).toBe(7)
    await expect(results.result('b').get()).rejects.toMatchObject({ excArgs: ['boom'], taskId: 'b' })
    expect(await results.result('b').get({ propagate: false })).toMatchObject({ excArgs: ['boom'] })
    await results.close()
  })

  it('get resolves at once for an ignored result', async () => {
    expect(await open().result('a', { ignored: true }).get()).toBeUndefined()
  })

  it('get rejects with the failure of a step before it', async () => {
    const results = open()
    const parent = results.result('first')
    const waited = results.result('second', { parent }).get({ timeoutMs: 10_000 })
    const [ended] = await Promise.allSettled([waited, results.markAsFailure('first', new Error('boom'))])
    expect(ended).toMatchObject({ status: 'rejected', reason: { excArgs: ['boom'], taskId: 'first' } })
    await results.storeResult('early', 1, 'SUCCESS')
    const late = results.result('late', { parent: results.result('early') }).get({ timeoutMs: 10_000 })
    await results.storeResult('late', 2, 'SUCCESS')
    expect(await late).toBe(2)
    expect(results.waits.waiters).toBe(0)
    await results.close()
  })

  it('outcome is a union by status', async () => {
    const results = open()
    await results.storeResult('a', 7, 'SUCCESS')
    await results.markAsRevoked('b', 'expired')
    const outcome = await results.result<number>('a').outcome()
    expect(outcome.status === 'SUCCESS' && outcome.value + 1).toBe(8)
    expect(await results.result('b').outcome()).toMatchObject({ status: 'REVOKED', error: { excArgs: ['expired'] } })
    await results.close()
  })

  it('state, status, result, info, ready, successful, failed and exists read what is stored', async () => {
    const results = open()
    const handle = results.result('a')
    const told = async (): Promise<unknown[]> =>
      Promise.all([
        handle.state(),
        handle.status(),
        handle.result(),
        handle.info(),
        handle.ready(),
        handle.successful(),
        handle.failed(),
        handle.exists(),
      ])
    expect(await told()).toEqual(['PENDING', 'PENDING', null, null, false, false, false, false])
    await results.updateState('a', 'PROGRESS', 50)
    expect(await told()).toEqual(['PROGRESS', 'PROGRESS', 50, 50, false, false, false, true])
    await results.storeResult('a', 1, 'SUCCESS')
    expect(await told()).toEqual(['SUCCESS', 'SUCCESS', 1, 1, true, true, false, true])
    await results.markAsRevoked('r')
    expect(await results.result('r').failed()).toBe(false)
  })

  it('traceback, dateDone and the extended fields come from the document', async () => {
    const results = new Results({ backend: new MapBackend(), resultExtended: true })
    const request = {
      id: 'a',
      task: 't',
      args: [1],
      kwargs: { k: 2 },
      hostname: 'w',
      retries: 3,
      deliveryInfo: { routingKey: 'q' },
    }
    await results.markAsFailure('a', new Error('x'), { request, traceback: 'tb' })
    const handle = results.result('a')
    expect(await handle.traceback()).toBe('tb')
    expect(await handle.dateDone()).toBeInstanceOf(Date)
    const extended = [handle.name(), handle.args(), handle.kwargs(), handle.worker(), handle.retries(), handle.queue()]
    expect(await Promise.all(extended)).toEqual(['t', [1], { k: 2 }, 'w', 3, 'q'])
  })

  it('children, collect and iterDeps walk what was spawned', async () => {
    const results = open()
    const request = {
      id: 'a',
      task: 't',
      args: [],
      kwargs: {},
      children: [{ id: 'b' }, { id: 'g', members: [{ id: 'c' }] }],
    }
    await results.storeResult('a', 1, 'SUCCESS', { request })
    for (const id of ['b', 'c']) await results.storeResult(id, id, 'SUCCESS')
    const root = results.result('a')
    expect((await root.children())?.map(({ id }) => id)).toEqual(['b', 'g'])
    const collected: unknown[] = []
    for await (const [node, value] of root.collect()) collected.push([node.id, value])
    expect(collected).toEqual([
      ['a', 1],
      ['b', 'b'],
      ['g', ['c']],
      ['c', 'c'],
    ])
    const deps: unknown[] = []
    for await (const { parent, node } of root.iterDeps()) deps.push([parent?.id, node.id])
    expect(deps).toEqual([
      [undefined, 'a'],
      ['a', 'b'],
      ['a', 'g'],
      ['g', 'c'],
    ])
    const unready = async (): Promise<void> => {
      for await (const _ of results.result('pending').iterDeps()) void _
    }
    await expect(unready()).rejects.toMatchObject({ code: 'not-found' })
    await results.close()
  })

  it('asTuple has the parents, forget removes them too', async () => {
    const results = open()
    const handle = results.result('b', { parent: results.result('a') })
    expect(handle.asTuple()).toEqual([['b', [['a', null], null]], null])
    expect(handle.parent?.id).toBe('a')
    for (const id of ['a', 'b']) await results.storeResult(id, 1, 'SUCCESS')
    await handle.forget()
    expect(await Promise.all([results.exists('a'), results.exists('b')])).toEqual([false, false])
  })

  it('does not remember what is forgotten while it is asked for again', async () => {
    const results = open()
    await results.storeResult('a', 1, 'SUCCESS')
    const handle = results.result('a')
    await handle.get()
    await Promise.all([handle.get(), handle.forget()])
    expect(await handle.state()).toBe('PENDING')
  })

  it('watch yields states up to a ready one', async () => {
    const results = open()
    const seen: string[] = []
    await results.updateState('a', 'PROGRESS', 1)
    for await (const { status } of results.result('a').watch({ timeoutMs: 10_000 })) {
      seen.push(status)
      if (status === 'PROGRESS') await results.markAsDone('a', 1)
    }
    expect(seen).toEqual(['PROGRESS', 'SUCCESS'])
    await results.close()
  })

  it('narrows with a Standard Schema', async () => {
    const results = open()
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'number' ? { value } : { issues: [{ message: 'not a number' }] },
      },
    }
    await results.storeResult('a', 7, 'SUCCESS')
    await results.storeResult('b', 'seven', 'SUCCESS')
    const handle = results.result('a', { schema })
    expectTypeOf(handle).toEqualTypeOf<AsyncResult<number>>()
    expect(await handle.get()).toBe(7)
    await expect(results.result('b', { schema }).get()).rejects.toMatchObject({ code: 'unreadable' })
    expectTypeOf(results.result('a')).toEqualTypeOf<AsyncResult>()
    await results.close()
  })
})

describe('apply', () => {
  const add = task('add', (a: number, b: number) => a + b)

  it('publishes a task and answers with its typed handle, subscribing to nothing', async () => {
    const backend = new MapBackend()
    const publisher = new RecordedPublisher()
    const results = new Results({ backend, publisher })
    const handle = await results.apply(add.s(1, 2))
    expectTypeOf(handle).toEqualTypeOf<AsyncResult<number>>()
    expect(publisher.messages).toMatchObject([{ id: handle.id, task: 'add', args: [1, 2] }])
    expect(backend.calls.size).toBe(0)
    await results.close()
    expect(publisher.isClosed).toBe(true)
  })

  it('saves a group before it publishes its members', async () => {
    const publisher = new RecordedPublisher()
    const results = new Results({ backend: new MapBackend(), publisher })
    const handle = await results.apply(group([add.s(1, 2), add.s(3, 4)]))
    expectTypeOf(handle).toEqualTypeOf<GroupResult<[number, number]>>()
    expect(publisher.messages.map(({ id }) => id)).toEqual(handle.taskIds())
    expect((await results.restoreGroup(handle.id))?.taskIds()).toEqual(handle.taskIds())
  })

  it('answers for a chain with the last step, whose parent is the one before', async () => {
    const publisher = new RecordedPublisher()
    const results = new Results({ backend: new MapBackend(), publisher })
    const handle = await results.apply(chain([add.s(1, 2), add.s(3)]))
    expectTypeOf(handle).toEqualTypeOf<AsyncResult<number>>()
    expect(handle.parent?.id).toBe(publisher.messages[0]?.id)
  })

  it('needs a publisher', async () => {
    await expect(open().apply(add.s(1, 2))).rejects.toMatchObject({ code: 'misconfigured' })
  })
})

describe('EagerResult', () => {
  it('holds its value without a store', async () => {
    const result = new EagerResult('a', { state: 'SUCCESS', result: 7 })
    expect(await result.get()).toBe(7)
    expect([result.state, result.status, result.result, result.info]).toEqual(['SUCCESS', 'SUCCESS', 7, 7])
    expect([result.ready(), result.successful(), result.failed()]).toEqual([true, true, false])
    expect(result.asTuple()).toEqual([['a', null], null])
    await result.forget()
  })

  it('throws its error unless it shall not propagate', async () => {
    const error = new Error('boom')
    const result = new EagerResult('a', { state: 'FAILURE', result: error, traceback: 'tb' })
    await expect(result.get()).rejects.toBe(error)
    expect(await result.get({ propagate: false })).toBe(error)
    expect(result.traceback).toBe('tb')
  })
})
