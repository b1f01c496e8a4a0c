import assert from 'node:assert/strict'
import { type Backend, BackendError, GroupResult, type ResultNode, type Results, wrap } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { collectGarbage } from '../collect-garbage.ts'
import { report, resultsOver } from '../documents.ts'

/** Groups: saved, restored, joined, deleted. */
export const groups: readonly Case[] = new ChapterCases('groups')
  .add('a saved group is restored by another handle, with its members in order, nested ones too', {
    musts: ['reads see writes'],
    async run({ backend, prefix, another }) {
      await using mine = resultsOver(backend, prefix)
      await using theirs = resultsOver(await another(), prefix)
      const node = { id: 'g', members: [{ id: 'b' }, { id: 'inner', members: [{ id: 'c' }] }, { id: 'a' }] }
      await mine.saveGroup('g', node)
      const restored = await theirs.restoreGroup('g')
      assert.deepEqual(restored?.toNode(), node)
    },
  })
  .add('a group of no members is a group', {
    async run({ backend, prefix }) {
      await using results = resultsOver(backend, prefix)
      await results.saveGroup('empty', { id: 'empty', members: [] })
      const restored = await results.restoreGroup('empty')
      assert.deepEqual(await restored?.join(), [])
    },
  })
  .add('a group that was never saved, or was deleted, is not restored', {
    musts: ['get of nothing', 'delete of nothing'],
    async run({ backend, prefix }) {
      await using results = resultsOver(backend, prefix)
      assert.ok(!(await results.restoreGroup('none')))
      await results.saveGroup('g', groupOf(['a']))
      await results.deleteGroup('g')
      await results.deleteGroup('g')
      assert.ok(!(await results.restoreGroup('g')))
    },
  })
  .add('a group and a task of one id are two documents', {
    musts: ['keys are opaque'],
    async run({ backend, prefix }) {
      await using results = resultsOver(backend, prefix)
      await results.saveGroup('same', groupOf(['a', 'b']))
      await report(results, 'same', 'SUCCESS', 42)
      await results.deleteGroup('same')
      assert.equal(await results.result('same').get(), 42)
    },
  })
  .add('join waits for every member and answers in their order, whatever the order of completion', {
    async run({ backend, prefix, another, patienceMs }) {
      await using mine = resultsOver(backend, prefix)
      await using theirs = resultsOver(await another(), prefix)
      const ids = Array.from({ length: 20 }, (_, index) => `member-${index}`)
      await mine.saveGroup('g', groupOf(ids))
      const joined = (await mine.restoreGroup('g'))?.join({ timeoutMs: patienceMs })
      for (const id of ids.toReversed()) await report(theirs, id, 'SUCCESS', id)
      assert.deepEqual(await joined, ids)
    },
  })
  .add('join rejects with the failure of a member, or puts it in its place', {
    async run({ backend, prefix, patienceMs }) {
      await using results = resultsOver(backend, prefix)
      await results.saveGroup('g', groupOf(['a', 'b']))
      await report(results, 'a', 'SUCCESS', 1)
      await report(results, 'b', 'FAILURE', 'broken')
      const group = await results.restoreGroup('g')
      assert.ok(group)
      await assert.rejects(group.join({ timeoutMs: patienceMs }), /broken/)
      const [first, second] = await group.join({ timeoutMs: patienceMs, propagate: false })
      assert.equal(first, 1)
      assert.ok(second instanceof Error && !BackendError.is(second))
    },
  })
  .add('a join of stored results costs few trips, not one for each', {
    musts: ['mget in order'],
    async run({ backend, prefix }) {
      const ids = Array.from({ length: 200 }, (_, index) => `member-${index}`)
      await using writer = resultsOver(backend, prefix)
      await Promise.all(ids.map((id) => report(writer, id, 'SUCCESS', id)))
      await writer.saveGroup('g', groupOf(ids))
      const counted = countingReads(backend)
      await using results = resultsOver(counted.backend, prefix)
      const group = await results.restoreGroup('g')
      const before = counted.reads()
      assert.deepEqual(await group?.join(), ids)
      const batches = Math.ceil(ids.length / Math.min(backend.limits.maxBatchKeys, ids.length))
      assert.ok(counted.reads() - before <= 2 * batches, `${counted.reads() - before} reads`)
    },
  })
  .add('groups of many sizes are joined, one after the other and at once, whenever garbage is collected', {
    async run({ backend, prefix, another, patienceMs, rounds }) {
      await using mine = resultsOver(backend, prefix, { pollCeilingMs: 20 })
      await using theirs = resultsOver(await another(), prefix)
      const sizes = [1, 2, 3, 11, 12, ...spread(Math.min(rounds, 10), Math.min(rounds * 50, 5000))]
      const ids = Array.from({ length: Math.max(...sizes) }, (_, index) => `member-${index}`)
      const joins = (): readonly Promise<unknown>[] => sizes.map((size) => joined(mine, ids.slice(0, size), patienceMs))
      const all = [joins(), ...(await during(ids, theirs, joins)), joins()]
      for (const values of all) {
        for (const [index, size] of sizes.entries()) assert.deepEqual(await values[index], ids.slice(0, size))
      }
    },
  })
  .list()

function groupOf(ids: readonly string[]): ResultNode {
  return { id: 'g', members: ids.map((id) => ({ id })) }
}

/** So many sizes up to the largest. */
function spread(count: number, largest: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => Math.ceil((largest * (index + 1)) / count))
}

/** Nothing but the promise is kept of the group. */
function joined(results: Results, ids: readonly string[], timeoutMs: number): Promise<unknown> {
  const { members = [] } = groupOf(ids)
  const values = results.resultOf({ id: `group-${ids.length}`, members })
  return values instanceof GroupResult ? values.join({ timeoutMs }) : assert.fail('a group')
}

/** Stores the results of `ids` in four parts, and collects what `joins` begins between them. */
async function during<Begun>(ids: readonly string[], results: Results, joins: () => Begun): Promise<readonly Begun[]> {
  const begun: Begun[] = []
  const part = Math.ceil(ids.length / 4)
  for (let first = 0; first < ids.length; first += part) {
    await Promise.all(ids.slice(first, first + part).map((id) => report(results, id, 'SUCCESS', id)))
    collectGarbage()
    begun.push(joins())
    collectGarbage()
  }
  return begun
}

function countingReads(backend: Backend): { readonly backend: Backend; readonly reads: () => number } {
  let reads = 0
  const counting = wrap(backend, {
    get: (key, options) => {
      reads++
      return backend.get(key, options)
    },
    mget: (keys, options) => {
      reads++
      return backend.mget(keys, options)
    },
  })
  return { backend: counting, reads: () => reads }
}
