import assert from 'node:assert/strict'
import type { ResultNode } from '@arpeggio/core'
import { eventually } from '@arpeggio/conformance'
import { isFailure } from '../expected-errors.ts'
import { Cases, type InteropCase } from '../interop-case.ts'

/** A tuple as Celery writes it. */
type Tree = readonly [unknown, unknown]

function leaf(id: string): Tree {
  return [[id, null], null]
}

const fromPython = new Cases('Python to TypeScript')
  .add('restores a group that Celery saved, and joins it in order', async ({ python, node, id }) => {
    const members = ['a', 'b', 'c'].map((name) => `${id}-${name}`)
    await python.call('save_group', { id, tree: [[id, null], members.map(leaf)] })
    for (const member of members.toReversed()) await python.call('store', { id: member, value: member.at(-1) })
    const group = await node.restoreGroup(id)
    assert.deepEqual(await group?.join({ timeoutMs: 20_000 }), ['a', 'b', 'c'])
  })
  .add('joins a group while Celery still stores its results', async ({ python, node, id }) => {
    const members = ['a', 'b'].map((name) => `${id}-${name}`)
    await python.call('save_group', { id, tree: [[id, null], members.map(leaf)] })
    const joined = (await node.restoreGroup(id))?.join({ timeoutMs: 20_000 })
    for (const member of members) await python.call('store', { id: member, value: 1 })
    assert.deepEqual(await joined, [1, 1])
  })
  .add('restores a nested group with its parents', async ({ python, node, id }) => {
    const inner = [
      [`${id}-g`, null],
      [leaf(`${id}-b`), leaf(`${id}-c`)],
    ]
    await python.call('save_group', {
      id,
      tree: [
        [id, leaf(`${id}-p`)],
        [leaf(`${id}-a`), inner],
      ],
    })
    for (const name of ['a', 'b', 'c']) await python.call('store', { id: `${id}-${name}`, value: name })
    const group = await node.restoreGroup(id)
    assert.equal(group?.parent?.id, `${id}-p`)
    assert.deepEqual(await group.join({ timeoutMs: 20_000 }), ['a', ['b', 'c']])
  })
  .add('restores an empty group, and none where none was saved', async ({ python, node, id }) => {
    await python.call('save_group', { id, tree: [[id, null], []] })
    assert.deepEqual(await (await node.restoreGroup(id))?.join(), [])
    assert.equal(await node.restoreGroup(`${id}-2`), undefined)
  })
  .add('the join of a group of which a member failed rejects with that failure', async ({ python, node, id }) => {
    await python.call('save_group', {
      id,
      tree: [
        [id, null],
        [leaf(`${id}-a`), leaf(`${id}-b`)],
      ],
    })
    await python.call('store', { id: `${id}-a`, value: 1 })
    await python.call('fail', { id: `${id}-b`, named: 'ValueError' })
    const group = await node.restoreGroup(id)
    await assert.rejects(Promise.resolve(group?.join({ timeoutMs: 20_000 })), isFailure('ValueError'))
  })
  .add('knows nothing of a group that Celery has deleted', async ({ python, node, id }) => {
    await python.call('save_group', { id, tree: [[id, null], [leaf('a')]] })
    await python.call('delete_group', { id })
    assert.equal(await node.restoreGroup(id), undefined)
  })
  .list()

const toPython = new Cases('TypeScript to Python')
  .add('lets Celery restore a group, and join it in order', async ({ python, node, id }) => {
    const members = ['a', 'b', 'c'].map((name) => ({ id: `${id}-${name}` }))
    await node.saveGroup(id, { id, members })
    for (const member of members.toReversed()) await node.storeResult(member.id, member.id.at(-1), 'SUCCESS')
    const expected = ['a', 'b', 'c'].map((value) => ({ value }))
    assert.deepEqual(await python.call('join_group', { id, timeout: 20 }), expected)
  })
  .add('lets Celery join a group while we still store its results', async ({ python, node, id }) => {
    const members = ['a', 'b'].map((name) => ({ id: `${id}-${name}` }))
    await node.saveGroup(id, { id, members })
    const { waiting, answer } = python.begin('join_group', { id, timeout: 20 })
    await waiting
    for (const member of members) await node.storeResult(member.id, 1, 'SUCCESS')
    assert.deepEqual(await answer, [{ value: 1 }, { value: 1 }])
  })
  .add('lets Celery restore a nested group with its parents', async ({ python, node, id }) => {
    const inner: ResultNode = { id: 'g', members: [{ id: 'b' }, { id: 'c' }] }
    await node.saveGroup(id, { id, parent: { id: 'p' }, members: [{ id: 'a' }, inner] })
    assert.deepEqual(await python.call('restore_group', { id }), [
      [id, leaf('p')],
      [
        leaf('a'),
        [
          ['g', null],
          [leaf('b'), leaf('c')],
        ],
      ],
    ])
  })
  .add('lets Celery see which member of a group failed, and the values of the others', async ({ python, node, id }) => {
    const members = ['a', 'b'].map((name) => ({ id: `${id}-${name}` }))
    await node.saveGroup(id, { id, members })
    await node.storeResult(`${id}-a`, 1, 'SUCCESS')
    await node.markAsFailure(`${id}-b`, new RangeError('out of range'))
    const joined = (await python.call('join_group', { id, timeout: 20, propagate: false })) as readonly object[]
    assert.deepEqual(joined[0], { value: 1 })
    assert.partialDeepStrictEqual(joined[1], { error: { type: 'ValueError', args: ['out of range'] } })
    await assert.rejects(python.call('join_group', { id, timeout: 20 }), {
      name: 'PythonFailure',
      message: /^ValueError/u,
    })
  })
  .add(
    'publishes the document of a group on the channel of its key, as Celery does [Q4]',
    async ({ python, node, id, broker }) => {
      const channels = [`celery-taskset-meta-${id}`, `celery-taskset-meta-${id}-2`]
      const heard = new Map<string, unknown>()
      const subscriber = broker.duplicate()
      subscriber.on('message', (channel, text) => heard.set(channel, JSON.parse(text)))
      await subscriber.subscribe(...channels)
      await node.saveGroup(id, { id, members: [{ id: 'a' }] })
      await python.call('save_group', { id: `${id}-2`, tree: [[`${id}-2`, null], [leaf('a')]] })
      await eventually(10_000, () => assert.equal(heard.size, 2))
      const documents = [id, `${id}-2`].map((group) => ({ result: [[group, null], [leaf('a')]] }))
      assert.deepEqual(
        channels.map((channel) => heard.get(channel)),
        documents,
      )
      await subscriber.quit()
    },
    { needs: ['push'] },
  )
  .add('knows no more of a group that we have deleted', async ({ python, node, id }) => {
    await node.saveGroup(id, { id, members: [{ id: 'a' }] })
    await node.deleteGroup(id)
    assert.equal(await python.call('restore_group', { id }), null)
  })
  .list()

export const groups: readonly InteropCase[] = [...fromPython, ...toPython]
