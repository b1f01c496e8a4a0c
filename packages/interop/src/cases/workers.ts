import assert from 'node:assert/strict'
import { chain, group, type ResultNode, task } from '@arpeggio/core'
import { isFailure } from '../expected-errors.ts'
import { eventually } from '@arpeggio/conformance'
import { Cases, type Fleet, type InteropCase } from '../interop-case.ts'

const add = task<(x: number, y: number) => number>('python.add')
const echo = task<(value: unknown) => unknown>('python.echo')
const fail = task<() => number>('python.fail')
const total = task<(values: readonly number[]) => number>('python.total')

const limit = { timeoutMs: 60_000 }
const worker = { worker: true }

const fromPython = new Cases('Python to TypeScript')
  .add(
    'waits for a task that Celery has started and runs',
    async ({ python, node, id }) => {
      await started({ python, id }, 'python.add', [1, 2])
      assert.equal((await node.waitFor(id, limit)).result, 3)
    },
    worker,
  )
  .add(
    'watches a task of Celery from STARTED over its progress to its end',
    async ({ python, node, id }) => {
      const seen: unknown[] = []
      const watching = (async () => {
        for await (const { status } of node.watch(id, limit)) seen.push(status)
      })()
      await started({ python, id }, 'python.report', [20])
      await watching
      assert.equal(seen.at(-1), 'SUCCESS')
      assert.ok(seen.includes('PROGRESS') || seen.includes('STARTED'), String(seen))
    },
    worker,
  )
  .add(
    'reads what a task of Celery has spawned',
    async ({ python, node, id }) => {
      await started({ python, id }, 'python.spawn')
      const { children } = await node.waitFor(id, limit)
      assert.deepEqual(
        children?.map(({ members }: ResultNode) => members?.length),
        [undefined, 2],
      )
      for (const child of children ?? []) {
        if (child.members === undefined) assert.equal((await node.waitFor(child.id, limit)).result, 3)
      }
    },
    worker,
  )
  .add(
    'reads a task that was tried again, which names itself as its parent [Q45]',
    async ({ python, node, id }) => {
      await started({ python, id }, 'python.retry')
      const meta = await node.waitFor(id, limit)
      assert.deepEqual([meta.result, meta.parentId], [1, id])
    },
    worker,
  )
  .add(
    'hears of a task that was revoked before it ran',
    async ({ python, node, id }) => {
      await python.call('revoke', { id })
      await started({ python, id }, 'python.add', [1, 2], { countdown: 1 })
      await assert.rejects(node.waitFor(id, limit), { name: 'TaskRevokedError', message: /revoked$/u })
    },
    worker,
  )
  .add(
    'hears of a result that Celery could not encode',
    async ({ python, node, id }) => {
      await started({ python, id }, 'python.unencodable')
      await assert.rejects(node.waitFor(id, limit), isFailure('EncodeError'))
    },
    worker,
  )
  .add(
    'hears of a task that no worker knows',
    async ({ python, node, id }) => {
      await started({ python, id }, 'python.unheard_of')
      await assert.rejects(node.waitFor(id, limit), isFailure('NotRegistered'))
    },
    worker,
  )
  .add(
    'reads who ran a task and with what',
    async ({ python, node, id }) => {
      await started({ python, id }, 'python.add', [1, 2])
      const { name, args, worker, queue } = await node.waitFor(id, limit)
      assert.deepEqual([name, args, worker], ['python.add', [1, 2], 'python@interop'])
      assert.match(queue ?? '', /^interop-/u)
    },
    { ...worker, settings: { resultExtended: true } },
  )
  .list()

const toPython = new Cases('TypeScript to Python')
  .add(
    'starts a task that Celery runs',
    async ({ node }) => {
      assert.equal(await (await node.apply(add.s(1, 2))).get(limit), 3)
    },
    worker,
  )
  .add(
    'starts a group that Celery runs, and joins it',
    async ({ node, python }) => {
      const sums = await node.apply(group([add.s(1, 2), add.s(3, 4)]))
      assert.deepEqual(await sums.get(limit), [3, 7])
      assert.deepEqual(await python.call('join_group', { id: sums.id, timeout: 20 }), [{ value: 3 }, { value: 7 }])
    },
    worker,
  )
  .add(
    'starts a chain that Celery runs, step by step',
    async ({ node }) => {
      const result = await node.apply(chain([add.s(1, 2), add.s(4), add.s(8)]))
      assert.equal(await result.get(limit), 15)
      assert.equal(await (result.parent as typeof result).get(limit), 7)
    },
    worker,
  )
  .add(
    'a chain whose first step fails ends with that failure in every step',
    async ({ node }) => {
      const result = await node.apply(chain([fail.s(), add.s(4), add.s(8)]))
      await assert.rejects(result.get(limit), isFailure('ValueError'))
      await eventually(20_000, async () => assert.equal((await node.getTaskMeta(result.id)).status, 'FAILURE'))
    },
    worker,
  )
  .add(
    'a failure before a group is found under the id of the group, whoever stored it [Q17]',
    async ({ node, python, id }) => {
      const members = group([add.s(1), add.s(2)]).set({ taskId: id })
      await node.apply(chain([fail.s(), members]))
      await assert.rejects(node.waitFor(id, limit), isFailure('ValueError'))
      const request = { id: 'first', task: 'node.fail', args: [], kwargs: {} }
      const chained = [members.set({ taskId: `${id}-2` }).toData()]
      await node.markAsFailure('first', new RangeError('out of range'), { request: { ...request, chain: chained } })
      assert.deepEqual((await python.raised(`${id}-2`, 'ValueError')).args, ['out of range'])
    },
    worker,
  )
  .add(
    'what is linked to a task is run by Celery, with its result or its failure',
    async ({ node, id, python }) => {
      const linked = await node.apply(
        add
          .s(1, 2)
          .set({ taskId: id })
          .link(echo.s().set({ taskId: `${id}-2` })),
      )
      assert.equal(await linked.get(limit), 3)
      assert.equal((await node.waitFor(`${id}-2`, limit)).result, 3)
      assert.deepEqual((await python.meta(id)).children, [`${id}-2`])
      const failed = fail.s().set({ taskId: `${id}-3` })
      await node.apply(failed.linkError(echo.s().set({ taskId: `${id}-4` })))
      assert.equal((await node.waitFor(`${id}-4`, limit)).result, `${id}-3`)
    },
    worker,
  )
  .add(
    'a task of Celery that ignores its result stays without one when we start it [Q51]',
    async ({ node, id }) => {
      const ignored = task<(value: number) => number>('python.ignored')
      await node.apply(
        ignored
          .s(1)
          .set({ taskId: id })
          .link(echo.s().set({ taskId: `${id}-2` })),
      )
      assert.equal((await node.waitFor(`${id}-2`, limit)).result, 1)
      await node.apply(total.s([1]).set({ taskId: `${id}-3` }))
      await node.waitFor(`${id}-3`, limit)
      assert.equal(await node.exists(id), false)
    },
    worker,
  )
  .add(
    'every value that we send to a task comes back from it',
    async ({ node }) => {
      const values = [
        null,
        true,
        0.5,
        'é☃😀',
        { list: [1, { a: [] }] },
        new Date('2020-01-02T03:04:05Z'),
        new Uint8Array([255]),
      ]
      for (const value of values) assert.deepEqual(await (await node.apply(echo.s(value))).get(limit), value)
    },
    worker,
  )
  .list()

export const workers: readonly InteropCase[] = [...fromPython, ...toPython]

/** Has Celery publish a task. */
async function started(
  { python, id }: Pick<Fleet, 'python' | 'id'>,
  task: string,
  args: readonly unknown[] = [],
  options: object = {},
): Promise<void> {
  const signature = { task, args, kwargs: {}, options: {}, subtask_type: null, immutable: false }
  await python.call('apply', { signature, options: { task_id: id, ...options } })
}
