import assert from 'node:assert/strict'
import { isFailure, isUnreadable } from '../expected-errors.ts'
import { Cases, type InteropCase } from '../interop-case.ts'
import { plain } from '../values.ts'

const cases = new Cases('both ways')

for (const globalKeyprefix of ['shop', 'shop:']) {
  cases.add(
    `a result and a group under the key prefix “${globalKeyprefix}” are there for the other side`,
    async ({ python, node, id }) => {
      await node.storeResult(id, 'ours', 'SUCCESS')
      await python.call('store', { id: `${id}-2`, value: 'theirs' })
      assert.equal(await python.returned(id), 'ours')
      assert.equal((await node.waitFor(`${id}-2`)).result, 'theirs')
      await node.saveGroup(id, { id, members: [{ id: `${id}-2` }] })
      assert.deepEqual(await python.call('join_group', { id, timeout: 20 }), [{ value: 'theirs' }])
    },
    { settings: { globalKeyprefix } },
  )
}

for (const expiresInSeconds of [600, null]) {
  const name = expiresInSeconds === null ? 'without an end' : 'for as long as is set'
  cases.add(
    `results and groups are kept ${name}, whoever stores them`,
    async ({ python, node, id, store }) => {
      await node.storeResult(`${id}-1`, 1, 'SUCCESS')
      await python.call('store', { id: `${id}-2`, value: 1 })
      await node.saveGroup(`${id}-3`, { id, members: [] })
      const keys = [`celery-task-meta-${id}-1`, `celery-task-meta-${id}-2`, `celery-taskset-meta-${id}-3`]
      for (const key of keys) {
        const left = await store.lifetime?.(key)
        assert.ok(
          expiresInSeconds === null ? left === null : typeof left === 'number' && left > 590 && left <= 600,
          key,
        )
      }
    },
    { settings: { expiresInSeconds }, needs: ['expiry'] },
  )
}

for (const serializer of ['msgpack', 'yaml'] as const) {
  const options = {
    settings: { serializer },
    needs: [serializer === 'msgpack' ? ('binary' as const) : ('yaml' as const)],
  }
  cases
    .add(
      `values, failures and groups in ${serializer} are read by the other side`,
      async ({ python, node, id }) => {
        await node.storeResult(id, plain, 'SUCCESS')
        assert.ok(await isSame(python.call('matches', { id, named: 'in both formats' })))
        await python.call('store', { id: `${id}-2`, named: 'in both formats' })
        assert.deepEqual((await node.waitFor(`${id}-2`)).result, plain)
        await python.call('fail', { id: `${id}-3`, named: 'application' })
        await assert.rejects(node.waitFor(`${id}-3`), isFailure('PaymentError'))
        await node.markAsFailure(`${id}-4`, new RangeError('out of range'))
        assert.deepEqual((await python.raised(`${id}-4`, 'ValueError')).args, ['out of range'])
        await node.saveGroup(id, { id, members: [{ id }] })
        assert.deepEqual(await python.call('join_group', { id, timeout: 20 }), [{ value: plain }])
      },
      options,
    )
    .add(
      `waits on either side end with a result in ${serializer}, and a SUCCESS stays`,
      async ({ python, node, id }) => {
        const { waiting, answer } = python.begin('get', { id, timeout: 20 })
        await waiting
        await node.storeResult(id, plain, 'SUCCESS')
        assert.deepEqual(await answer, { returned: { value: plain } })
        const waits = node.waitFor(`${id}-2`, { timeoutMs: 20_000 })
        await python.call('store', { id: `${id}-2`, named: 'in both formats' })
        assert.deepEqual((await waits).result, plain)
        await node.storeResult(`${id}-2`, null, 'STARTED')
        assert.equal((await python.meta(`${id}-2`)).status, 'SUCCESS')
      },
      options,
    )
}

cases
  .add(
    'words that YAML could take for others, and its own dates, are read as they were',
    async ({ python, node, id }) => {
      const words = ['yes', 'no', 'on', 'null', '~', '=', '<<', '1e3', '0x1F', '1:30', '2020-01-01', '']
      await node.storeResult(id, words, 'SUCCESS')
      assert.ok(await isSame(python.call('matches', { id, named: 'words that YAML takes for others' })))
      await python.call('store', { id: `${id}-2`, named: 'words that YAML takes for others' })
      assert.deepEqual((await node.waitFor(`${id}-2`)).result, words)
      await node.storeResult(`${id}-3`, [1e22, 1e-7, 1.5, 1e5, Infinity], 'SUCCESS')
      assert.equal((await python.meta(`${id}-3`)).status, 'SUCCESS')
    },
    { settings: { serializer: 'yaml' }, needs: ['yaml'] },
  )
  .add(
    'bytes travel in msgpack as they are',
    async ({ python, node, id }) => {
      const bytes = [new TextEncoder().encode('abc'), new Uint8Array([255, 0])]
      await node.storeResult(id, bytes, 'SUCCESS')
      assert.ok(await isSame(python.call('matches', { id, named: 'bytes in a list' })))
      await python.call('store', { id: `${id}-2`, named: 'bytes in a list' })
      assert.deepEqual((await node.waitFor(`${id}-2`)).result, bytes)
    },
    { settings: { serializer: 'msgpack' }, needs: ['binary'] },
  )
  .add(
    'a pickle is refused, and stays as it is',
    async ({ python, node, id }) => {
      await python.call('store', { id, value: { a: 1 } })
      await assert.rejects(node.getTaskMeta(id), isUnreadable)
      await assert.rejects(node.waitFor(id, { timeoutMs: 10_000 }), isUnreadable)
      await assert.rejects(node.storeResult(id, 'ours', 'SUCCESS'), isUnreadable)
      assert.deepEqual(await python.returned(id), { a: 1 })
    },
    { settings: { serializer: 'pickle' }, needs: ['binary'] },
  )

for (const compression of ['zlib', 'bzip2']) {
  cases.add(
    compression === 'zlib'
      ? 'results that Celery has compressed are read, waited for and joined'
      : 'results compressed in a way that cannot be read here are unreadable, and stay as they are',
    async (fleet) => (compression === 'zlib' ? readsCompressed(fleet) : refusesCompressed(fleet)),
    { settings: { compression }, needs: ['binary'], celery: (version) => version >= '5.7' },
  )
}

export const settings: readonly InteropCase[] = cases.list()

type Run = InteropCase['run']

const readsCompressed: Run = async ({ python, node, id }) => {
  await python.call('store', { id, named: 'nested' })
  assert.deepEqual((await node.waitFor(id, { timeoutMs: 10_000 })).status, 'SUCCESS')
  await node.storeResult(id, 'late', 'STARTED')
  assert.equal((await python.meta(id)).status, 'SUCCESS')
  await python.call('fail', { id: `${id}-2`, named: 'ValueError' })
  await assert.rejects(node.waitFor(`${id}-2`), isFailure('ValueError'))
  await python.call('save_group', { id, tree: [[id, null], [[[id, null], null]]] })
  assert.equal((await node.restoreGroup(id))?.length, 1)
  await node.storeResult(`${id}-3`, 'plain', 'SUCCESS')
  assert.equal(await python.returned(`${id}-3`), 'plain')
}

const refusesCompressed: Run = async ({ python, node, id }) => {
  await python.call('store', { id, value: 1 })
  await assert.rejects(node.getTaskMeta(id), isUnreadable)
  await assert.rejects(node.storeResult(id, 'ours', 'SUCCESS'), isUnreadable)
  assert.equal(await python.returned(id), 1)
}

async function isSame(answer: Promise<unknown>): Promise<boolean> {
  const { same, read, expected } = (await answer) as Readonly<Record<string, unknown>>
  assert.ok(same, `Python reads ${String(read)}, not ${String(expected)}`)
  return true
}
