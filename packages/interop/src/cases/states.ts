import assert from 'node:assert/strict'
import { TaskError } from '@arpeggio/core'
import { eventually } from '@arpeggio/conformance'
import { Cases, type InteropCase } from '../interop-case.ts'

const call = { args: [1, 2], kwargs: { x: 1 }, retries: 2 }
const pythonRequest = {
  ...call,
  task: 'python.add',
  hostname: 'celery@box',
  delivery_info: { routing_key: 'quick' },
  stamps: { mine: ['a'] },
  stamped_headers: ['mine'],
}
const nodeRequest = {
  ...call,
  task: 'node.add',
  hostname: 'node@box',
  deliveryInfo: { routingKey: 'quick' },
  stamps: { mine: ['a'], status: 'x' },
}

const fromPython = new Cases('Python to TypeScript')
  .add('reads STARTED with what the worker said of itself', async ({ python, node, id }) => {
    await python.call('started', { id, meta: { pid: 7, hostname: 'celery@box' } })
    const meta = await node.getTaskMeta(id)
    assert.deepEqual([meta.status, meta.result], ['STARTED', { pid: 7, hostname: 'celery@box' }])
    assert.equal(meta.dateDone, undefined)
  })
  .add('reads RETRY with its cause, and without one', async ({ python, node, id }) => {
    await python.call('retry', { id, named: 'ValueError' })
    const meta = await node.getTaskMeta(id)
    assert.equal(meta.status, 'RETRY')
    assert.ok(meta.result instanceof TaskError)
    assert.deepEqual(meta.result.excArgs, ['boom', 1])
    await python.call('retry', { id: `${id}-2` })
    assert.equal((await node.getTaskMeta(`${id}-2`)).result, null)
  })
  .add('reads custom states and their progress', async ({ python, node, id }) => {
    await python.call('store', { id, state: 'PROGRESS', value: { done: 3, of: 9 } })
    const meta = await node.getTaskMeta(id)
    assert.deepEqual([meta.status, meta.result, meta.isAbsent], ['PROGRESS', { done: 3, of: 9 }, undefined])
  })
  .add('reads when a task was done', async ({ python, node, id }) => {
    await python.call('store', { id, value: 1 })
    const { dateDone } = await node.getTaskMeta(id)
    assert.ok(dateDone !== undefined && Math.abs(Date.now() - dateDone.getTime()) < 60_000)
  })
  .add('reads group, parent and children', async ({ python, node, id }) => {
    const child = [['child', null], null]
    const group = [['group', null], [[['a', null], null]]]
    await python.call('store', { id, value: 1, request: { id, group: 'G', parent_id: 'P' }, children: [child, group] })
    const meta = await node.getTaskMeta(id)
    assert.deepEqual([meta.groupId, meta.parentId], ['G', 'P'])
    assert.deepEqual(meta.children, [{ id: 'child' }, { id: 'group', members: [{ id: 'a' }] }])
  })
  .add(
    'reads what extended results tell, stamps among it [Q42]',
    async ({ python, node, id }) => {
      await python.call('store', { id, value: 3, request: { id, ...pythonRequest } })
      const { name, args, kwargs, worker, retries, queue, stamps } = await node.getTaskMeta(id)
      assert.deepEqual([name, args, kwargs, worker], ['python.add', [1, 2], { x: 1 }, 'celery@box'])
      assert.deepEqual([retries, queue, stamps], [2, 'quick', { mine: ['a'] }])
    },
    { settings: { resultExtended: true } },
  )
  .add(
    'keeps its SUCCESS when Celery is late with another state, and Celery keeps its own [Q1]',
    async ({ python, node, id }) => {
      await node.storeResult(id, 'ours', 'SUCCESS')
      await python.call('store', { id, state: 'RETRY' })
      await python.call('fail', { id, named: 'ValueError' })
      assert.deepEqual((await node.getTaskMeta(id)).result, 'ours')
      await python.call('store', { id: `${id}-2`, value: 'theirs' })
      await node.storeResult(`${id}-2`, 'ours', 'STARTED')
      assert.equal(await python.returned(`${id}-2`), 'theirs')
    },
  )
  .add('watches every state that Celery passes through', async ({ python, node, id }) => {
    const seen: string[] = []
    const stream = node.watch(id, { timeoutMs: 20_000 })
    const watching = (async () => {
      for await (const { status } of stream) seen.push(status)
    })()
    await python.call('started', { id, meta: { pid: 7 } })
    await eventually(10_000, () => assert.ok(seen.includes('STARTED')))
    await python.call('store', { id, state: 'PROGRESS', value: 1 })
    await eventually(10_000, () => assert.ok(seen.includes('PROGRESS')))
    await python.call('store', { id, value: 2 })
    await watching
    assert.deepEqual(
      seen.filter((state) => state !== 'PENDING'),
      ['STARTED', 'PROGRESS', 'SUCCESS'],
    )
  })
  .list()

const toPython = new Cases('TypeScript to Python')
  .add('lets Celery read STARTED', async ({ python, node, id }) => {
    await node.markAsStarted(id, { pid: 7, hostname: 'node@box' })
    const meta = await python.meta(id)
    assert.deepEqual([meta.status, meta.result], ['STARTED', { value: { pid: 7, hostname: 'node@box' } }])
  })
  .add('lets Celery read RETRY with its cause, and without one', async ({ python, node, id }) => {
    await node.markAsRetry(id, new RangeError('again'))
    const meta = await python.meta(id)
    assert.ok('error' in meta.result)
    assert.deepEqual([meta.status, meta.result.error.type, meta.result.error.args], ['RETRY', 'ValueError', ['again']])
    await node.markAsRetry(`${id}-2`, null)
    assert.deepEqual((await python.meta(`${id}-2`)).result, { value: null })
  })
  .add('lets Celery read custom states and their progress', async ({ python, node, id }) => {
    await node.updateState(id, 'PROGRESS', { done: 3, of: 9 })
    const meta = await python.meta(id)
    assert.deepEqual([meta.status, meta.result], ['PROGRESS', { value: { done: 3, of: 9 } }])
  })
  .add('lets Celery read when a task was done, in a form that all its versions parse', async ({ python, node, id }) => {
    await node.storeResult(id, 1, 'SUCCESS')
    const meta = await python.meta(id)
    assert.match(String(meta['date_done']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?\+00:00$/u)
    assert.ok(Math.abs(Date.now() - new Date(meta.date_parsed ?? '').getTime()) < 60_000)
  })
  .add('lets Celery read group, parent and children', async ({ python, node, id }) => {
    const children = [{ id: 'child' }, { id: 'group', members: [{ id: 'a' }, { id: 'b' }] }]
    const request = { id, task: 't', args: [], kwargs: {}, group: 'G', parentId: 'P', children }
    await node.storeResult(id, 1, 'SUCCESS', { request })
    const meta = await python.meta(id)
    assert.deepEqual([meta['group_id'], meta['parent_id'], meta.children], ['G', 'P', ['child', 'group']])
  })
  .add(
    'lets Celery read what extended results tell, and no stamp takes the place of a field [Q42]',
    async ({ python, node, id }) => {
      await node.storeResult(id, 3, 'SUCCESS', { request: { id, ...nodeRequest } })
      const { status, name, args, kwargs, worker, retries, queue, mine } = await python.meta(id)
      assert.deepEqual([status, name, args, kwargs], ['SUCCESS', 'node.add', [1, 2], { x: 1 }])
      assert.deepEqual([worker, retries, queue, mine], ['node@box', 2, 'quick', ['a']])
    },
    { settings: { resultExtended: true } },
  )
  .add(
    'keeps a FAILURE of Celery when it is itself late with STARTED, and lets a SUCCESS replace it [Q2]',
    async (fleet) => {
      const { python, node, id } = fleet
      await python.call('fail', { id, named: 'ValueError' })
      await node.storeResult(id, null, 'STARTED')
      assert.equal((await python.meta(id)).status, 'FAILURE')
      await node.storeResult(id, 'at last', 'SUCCESS')
      assert.equal(await python.returned(id), 'at last')
    },
  )
  .add(
    'tells a waiter of Celery every state that it passes through [Q3]',
    async ({ python, node, id }) => {
      const { waiting, answer } = python.begin('states_until_ready', { id, timeout: 20 })
      await waiting
      await node.markAsStarted(id, { pid: 1 })
      await node.updateState(id, 'PROGRESS', { step: 1 })
      await node.storeResult(id, 'done', 'SUCCESS')
      assert.deepEqual(await answer, [
        ['STARTED', { pid: 1 }],
        ['PROGRESS', { step: 1 }],
        ['SUCCESS', 'done'],
      ])
    },
    { needs: ['push'] },
  )
  .list()

export const states: readonly InteropCase[] = [...fromPython, ...toPython]
