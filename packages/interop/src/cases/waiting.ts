import assert from 'node:assert/strict'
import { isFailure, isNotFound } from '../expected-errors.ts'
import { eventually } from '@arpeggio/conformance'
import { Cases, type InteropCase } from '../interop-case.ts'

const crowd = Array.from({ length: 50 }, (_, index) => index)

const fromPython = new Cases('Python to TypeScript')
  .add('a wait that began before Celery stored ends with the value', async ({ python, node, id }) => {
    const waiting = node.waitFor(id, { timeoutMs: 20_000 })
    await python.call('store', { id, value: { total: 3 } })
    assert.deepEqual((await waiting).result, { total: 3 })
  })
  .add('a wait goes on while Celery reports STARTED and RETRY, and rejects with the FAILURE', async (fleet) => {
    const { python, node, id } = fleet
    const waiting = node.waitFor(id, { timeoutMs: 20_000 })
    waiting.catch(() => undefined) // it is looked at below
    await python.call('started', { id, meta: { pid: 7 } })
    await python.call('retry', { id, named: 'ValueError' })
    await python.call('fail', { id, named: 'OSError' })
    await assert.rejects(waiting, isFailure('FileNotFoundError'))
  })
  .add('fifty waits side by side end, each with its own value', async ({ python, node, id }) => {
    const waits = Promise.all(crowd.map((index) => node.waitFor(`${id}-${index}`, { timeoutMs: 20_000 })))
    for (const index of crowd) await python.call('store', { id: `${id}-${index}`, value: index })
    assert.deepEqual(
      (await waits).map(({ result }) => result),
      crowd,
    )
  })
  .add('what Celery stores in any order is read in the order of completion', async ({ python, node, id }) => {
    const ids = ['a', 'b', 'c'].map((name) => `${id}-${name}`)
    const seen: string[] = []
    const reading = (async () => {
      for await (const { taskId } of node.asCompleted(ids, { timeoutMs: 20_000 })) seen.push(taskId)
    })()
    for (const [count, index] of [1, 2, 0].entries()) {
      await python.call('store', { id: ids[index], value: index })
      await eventually(10_000, () => assert.equal(seen.length, count + 1))
    }
    await reading
    assert.deepEqual(seen, [ids[1], ids[2], ids[0]])
  })
  .add('a wait that saw a state ends when Celery forgets the task', async ({ python, node, id }) => {
    await python.call('started', { id, meta: { pid: 7 } })
    let seen = 0
    const watching = (async () => {
      for await (const _ of node.watch(id, { timeoutMs: 20_000 })) seen += 1
    })()
    watching.catch(() => undefined) // it is looked at below
    await eventually(10_000, () => assert.ok(seen > 0))
    await python.call('forget', { id })
    await assert.rejects(watching, isNotFound)
  })
  .list()

const toPython = new Cases('TypeScript to Python')
  .add('ends a wait of Celery that began before we stored', async ({ python, node, id }) => {
    const { waiting, answer } = python.begin('get', { id, timeout: 20 })
    await waiting
    await node.storeResult(id, { total: 3 }, 'SUCCESS')
    assert.deepEqual(await answer, { returned: { value: { total: 3 } } })
  })
  .add('ends a wait of Celery with the failure, after STARTED and RETRY [Q5]', async ({ python, node, id }) => {
    const { waiting, answer } = python.begin('get', { id, timeout: 20, caught: 'ValueError' })
    await waiting
    await node.markAsStarted(id, { pid: 7 })
    await node.markAsRetry(id, new Error('again'))
    await node.markAsFailure(id, new RangeError('out of range'))
    const { raised } = (await answer) as { readonly raised: { readonly args: readonly unknown[] } }
    assert.deepEqual(raised.args, ['out of range'])
  })
  .add('ends fifty waits of Celery side by side, each with its own value', async ({ python, node, id }) => {
    const calls = crowd.map((index) => python.begin('get', { id: `${id}-${index}`, timeout: 60 }))
    await Promise.all(calls.map(({ waiting }) => waiting))
    for (const index of crowd) await node.storeResult(`${id}-${index}`, index, 'SUCCESS')
    const answers = await Promise.all(calls.map(({ answer }) => answer))
    assert.deepEqual(
      answers,
      crowd.map((value) => ({ returned: { value } })),
    )
  })
  .add('forgetting a task does not end a wait of Celery, which a later result does', async ({ python, node, id }) => {
    await node.markAsStarted(id, { pid: 7 })
    const { waiting, answer } = python.begin('get', { id, timeout: 20 })
    await waiting
    await node.forget(id)
    assert.equal(await python.call('exists', { id }), false)
    await node.storeResult(id, 'after all', 'SUCCESS')
    assert.deepEqual(await answer, { returned: { value: 'after all' } })
  })
  .add('forgets what Celery stored', async ({ python, node, id }) => {
    await python.call('store', { id, value: 1 })
    await node.forget(id)
    assert.equal(await python.call('exists', { id }), false)
    assert.equal((await python.meta(id)).status, 'PENDING')
  })
  .list()

export const waiting: readonly InteropCase[] = [...fromPython, ...toPython]
