import { describe, expect, it } from 'vitest'
import { GroupResult, ResultSet, Results } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'

const groupOf = (results: Results, ...ids: readonly string[]): GroupResult =>
  new GroupResult(
    'g',
    ids.map((id) => results.result(id)),
    results,
  )

describe('saveGroup, restoreGroup, getGroupMeta, deleteGroup, reloadGroupResult', () => {
  it('keep which tasks belong to a group, as Celery writes it', async () => {
    const backend = new MapBackend()
    const results = new Results({ backend })
    await results.saveGroup('g', groupOf(results, 'a', 'b'))
    const value = String(backend.entries.get('celery-taskset-meta-g')?.value)
    expect(JSON.parse(value)).toEqual({
      result: [
        ['g', null],
        [
          [['a', null], null],
          [['b', null], null],
        ],
      ],
    })
    expect(await results.getGroupMeta('g')).toEqual({ id: 'g', members: [{ id: 'a' }, { id: 'b' }] })
    expect((await results.restoreGroup('g'))?.taskIds()).toEqual(['a', 'b'])
    await results.deleteGroup('g')
    expect(await results.restoreGroup('g')).toBeUndefined()
    expect(await results.getGroupMeta('g')).toBeUndefined()
  })

  it('reloadGroupResult reads past the cache', async () => {
    const results = new Results({ backend: new MapBackend(), maxCachedResults: 10 })
    await results.saveGroup('g', { id: 'g', members: [] })
    await results.restoreGroup('g')
    await results.saveGroup('g', { id: 'g', members: [{ id: 'a' }] })
    expect((await results.restoreGroup('g'))?.length).toBe(0)
    expect((await results.reloadGroupResult('g'))?.length).toBe(1)
  })
})

describe('GroupResult', () => {
  it('joins in order with one bulk read', async () => {
    const backend = new MapBackend()
    const results = new Results({ backend })
    for (const id of ['c', 'a', 'b']) await results.storeResult(id, id.toUpperCase(), 'SUCCESS')
    expect(await groupOf(results, 'a', 'b', 'c').join()).toEqual(['A', 'B', 'C'])
    expect(backend.calls.get('mget')).toBe(1)
    expect(backend.calls.get('open')).toBeUndefined()
  })

  it('join waits for the missing ones, of nested groups too', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.storeResult('a', 1, 'SUCCESS')
    const outer = new GroupResult('o', [results.result('a'), groupOf(results, 'b', 'c')], results)
    const joined = outer.get({ timeoutMs: 10_000 })
    await results.storeResult('c', 3, 'SUCCESS')
    await results.storeResult('b', 2, 'SUCCESS')
    expect(await joined).toEqual([1, [2, 3]])
    expect(await new GroupResult('e', [], results).join()).toEqual([])
    await results.close()
  })

  it('join rejects with the first failure, or puts errors in their places', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.storeResult('a', 1, 'SUCCESS')
    await results.markAsFailure('b', new Error('boom'))
    await expect(groupOf(results, 'a', 'b', 'never').join()).rejects.toMatchObject({ excArgs: ['boom'] })
    const [value, error] = await groupOf(results, 'a', 'b').join({ propagate: false })
    expect(value).toBe(1)
    expect(error).toMatchObject({ excArgs: ['boom'] })
    await expect(groupOf(results, 'a', 'never').join({ timeoutMs: 5 })).rejects.toMatchObject({ code: 'timeout' })
    await results.close()
  })

  it('tells completedCount, successful, failed, waiting and ready as Celery does', async () => {
    const results = new Results({ backend: new MapBackend() })
    const group = groupOf(results, 'a', 'b')
    const told = async (): Promise<unknown[]> =>
      Promise.all([group.completedCount(), group.successful(), group.failed(), group.waiting(), group.ready()])
    expect(await told()).toEqual([0, false, false, true, false])
    await results.storeResult('a', 1, 'SUCCESS')
    await results.markAsFailure('b', new Error('boom'))
    expect(await told()).toEqual([1, false, true, false, true])
    expect(await new ResultSet([], results).successful()).toBe(true)
  })

  it('saves, restores, deletes and forgets', async () => {
    const results = new Results({ backend: new MapBackend() })
    const group = groupOf(results, 'a')
    await group.save()
    expect((await GroupResult.restore('g', results))?.asTuple()).toEqual(group.asTuple())
    expect((await GroupResult.restore('g', results))?.children.map(({ id }) => id)).toEqual(['a'])
    await group.delete()
    expect(await GroupResult.restore('g', results)).toBeUndefined()
    await results.storeResult('a', 1, 'SUCCESS')
    await group.forget()
    expect(await results.exists('a')).toBe(false)
  })

  it('adds, removes and iterates', () => {
    const results = new Results({ backend: new MapBackend() })
    const set = new ResultSet([results.result('a')], results)
    set.add(results.result('b'))
    set.add(results.result('b'))
    expect([...set].map(({ id }) => id)).toEqual(['a', 'b'])
    set.remove('a')
    expect(set.length).toBe(1)
    expect(set.at(0)?.id).toBe('b')
    expect(() => set.remove('a')).toThrow(TypeError)
  })

  it('asCompleted yields the members as they end', async () => {
    const results = new Results({ backend: new MapBackend() })
    for (const id of ['a', 'b']) await results.storeResult(id, 1, 'SUCCESS')
    const seen: string[] = []
    for await (const { taskId } of groupOf(results, 'a', 'b').asCompleted()) seen.push(taskId)
    expect(seen.toSorted()).toEqual(['a', 'b'])
    await results.close()
  })
})
