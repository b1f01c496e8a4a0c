import { describe, expect, it } from 'vitest'
import { chain, chord, executeTask, group, task } from '../../src/index.ts'
import { body, calls, ChordRig, part, type Process } from './chord-rig.ts'

const join = task('join', (values: readonly unknown[]) => values)
const two = task('two', (a: unknown, b: unknown) => [a, b])

const steps = chain([part.si(1).set({ taskId: 'first' }), two.s('x').set({ taskId: 'last' })])

/** Runs everything there is; bodies answer with what they were called with. Tells what the body `name` got. */
async function played(rig: ChordRig, process: Process, name = 'body'): Promise<readonly unknown[]> {
  const got: unknown[] = []
  for (;;) {
    const message = rig.broker.messages.shift()
    if (message === undefined) return got
    if (message.task === name) got.push(message.args[0])
    const echo = task(message.task, (value: unknown) => value)
    await executeTask(echo, message, process.results)
  }
}

describe('a header', () => {
  it.each([0, 1, 2])('may have %i members', async (count) => {
    const rig = new ChordRig()
    const process = rig.process()
    const header = Array.from({ length: count }, (_, at) => part.si(at))
    const result = await process.results.apply(chord(header, body))
    const expected = Array.from({ length: count }, (_, at) => at)
    expect(await played(rig, process)).toEqual([expected])
    expect(await result.get()).toEqual(expected)
  })

  it.each([0, 1, 2])('may have %i members that are read meanwhile', async (count) => {
    const rig = new ChordRig()
    const process = rig.process()
    function* header() {
      for (let at = 0; at < count; at += 1) yield part.si(at)
    }
    await process.results.apply(chord(header(), body))
    expect(await played(rig, process)).toEqual([Array.from({ length: count }, (_, at) => at)])
  })

  it('may have none where failures count and the body reads by reference', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(chord([], body, { policy: 'collect' }))
    expect(calls(rig.broker.take())).toEqual([[]])
    const reference = task('reader', (values: unknown) => values)
    await process.results.apply(chord([], reference, { id: 'r', results: 'reference' }))
    expect(rig.broker.take()).toMatchObject([{ args: [{ 'arpeggio-chord': 'r', size: 0 }] }])
    const failing = await process.results.apply(chord([], body, { policy: { atLeast: 1 } }))
    await expect(failing.get()).rejects.toMatchObject({ excType: 'ChordError' })
  })

  it('keeps the shape of groups in it', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const ending = chain([part.si(3), group([part.s()])])
    const header = [part.si(1), group([part.si(2), ending]), group([]), part.si(4)] as const
    await process.results.apply(chord(header, body))
    expect(await played(rig, process)).toEqual([[1, [2, [3]], [], 4]])
  })

  it('has one slot for a chord in it, which the body of that chord fills', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const inner = chord([part.si(1), part.si(2)], join)
    const deeper = chord([inner, part.si(3)], join)
    await process.results.apply(chord([deeper, inner, part.si(4)], body))
    expect(await played(rig, process)).toEqual([[[[1, 2], 3], [1, 2], 4]])
  })

  it('has the slots of the group that the body of a chord in it is', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const inner = chord([part.si(1), part.si(2)], group([join.s(), join.s()]))
    await process.results.apply(chord([inner, part.si(3)], body))
    expect(await played(rig, process)).toEqual([
      [
        [
          [1, 2],
          [1, 2],
        ],
        3,
      ],
    ])
  })

  it('runs a body that is a chord itself', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const next = chord([join.s(), join.s()], body)
    const result = await process.results.apply(chord([part.si(1), part.si(2)], next))
    expect(await played(rig, process)).toEqual([
      [
        [1, 2],
        [1, 2],
      ],
    ])
    expect(await result.get()).toEqual([
      [1, 2],
      [1, 2],
    ])
  })

  it('made of chords alone completes when it is applied again after all of them', async () => {
    const rig = new ChordRig()
    const first = rig.process()
    const nested = chord([chord([part.si(1)], join)], body, { id: 'c' })
    await first.results.apply(nested)
    await first.succeed(rig.broker.take()[0], 1)
    const [inner] = rig.broker.take()
    first.dieBefore(({ name }) => name === 'exists')
    void first.succeed(inner, [1])
    await rig.time.settle()
    const second = rig.process()
    await second.results.apply(nested)
    expect(calls(rig.broker.take())).toEqual([[[1]]])
  })
})

async function started() {
  const rig = new ChordRig()
  const process = rig.process()
  const result = await process.results.apply(chord([part.si(0), steps], body, { id: 'c' }))
  const [other, first] = rig.broker.take()
  if (first === undefined) throw new Error('no chain')
  await process.succeed(other, 0)
  return { rig, process, result, first }
}

describe('a chain in a header', () => {
  it('fills its slot by its last step', async () => {
    const { rig, process, first } = await started()
    expect(first).toMatchObject({ id: 'first', chain: [{ task: 'two', options: { group_id: 'c', group_index: 1 } }] })
    expect(first.chord).toBeUndefined()
    await process.succeed(first, 1)
    expect(rig.broker.messages).toEqual([])
    const options = first.chain?.[0]?.options ?? {}
    await process.results.markAsDone('last', 2, {
      request: { id: 'last', task: 'two', args: [], kwargs: {}, group: 'c', groupIndex: 1, chord: body.s().toData() },
    })
    expect(options['task_id']).toBe('last')
    expect(calls(rig.broker.take())).toEqual([[0, 2]])
  })

  it('fills it with the failure of an earlier one', async () => {
    const { process, result, first } = await started()
    await process.fail(first)
    await expect(result.get()).rejects.toMatchObject({ excArgs: ["Dependency last raised ValueError('boom')"] })
    expect(await process.results.getState('last')).toBe('FAILURE')
  })

  it('fills it when an earlier step is revoked', async () => {
    const { process, result, first } = await started()
    await process.results.markAsRevoked('first', 'stop', { request: first })
    await expect(result.get()).rejects.toMatchObject({ excArgs: ["Dependency last raised TaskRevokedError('stop')"] })
  })

  it('fills all slots of the group at its end with the failure', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const wide = chain([part.si(1), group([part.s(), part.s()])])
    const result = await process.results.apply(chord([wide, part.si(2)], body, { policy: 'collect' }))
    const [first, other] = rig.broker.take()
    await process.succeed(other, 2)
    await process.fail(first)
    expect(calls(rig.broker.take())).toMatchObject([[[{ status: 'FAILURE' }, { status: 'FAILURE' }], { result: 2 }]])
    expect(await process.results.getState(result.id)).toBe('PENDING')
  })

  it('fails the slot that a chord at its end would fill', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const late = chain([part.si(1), chord([part.s()], join)])
    const result = await process.results.apply(chord([late], body))
    await process.fail(rig.broker.take()[0])
    await expect(result.get()).rejects.toMatchObject({ excType: 'ChordError' })
    expect(rig.broker.messages).toEqual([])
  })
})

describe('the failure of a chord in a header', () => {
  it('is the failure of its slot', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const inner = chord([part.si(1), part.si(2)], join.s().set({ taskId: 'inner-body' }))
    const result = await process.results.apply(chord([inner, part.si(3)], body))
    const [third, first, second] = rig.broker.take()
    await process.fail(first, new RangeError('deep'))
    await process.succeed(second, 2)
    await process.succeed(third, 3)
    const dependency = `Dependency ${first?.id} raised ValueError('deep')`
    expect(await process.results.getResult('inner-body')).toMatchObject({ excArgs: [dependency] })
    await expect(result.get()).rejects.toMatchObject({
      excArgs: [`Dependency inner-body raised ChordError(${JSON.stringify(dependency)})`],
    })
  })
})

describe('a group of chords', () => {
  it('is saved and joined as any other', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const members = [chord([part.si(1)], join), chord([part.si(2)], join)]
    const result = await process.results.apply(group(members))
    await played(rig, process)
    expect(await result.get()).toEqual([[1], [2]])
    const restored = await process.results.restoreGroup(result.id)
    expect(await restored?.join()).toEqual([[1], [2]])
  })
})

describe('a task that is known already', () => {
  it('may fill two slots', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const same = part.si(1).set({ taskId: 'same' })
    await process.results.apply(chord([same, same], body))
    for (const message of rig.broker.take()) await process.succeed(message, message.groupIndex)
    expect(calls(rig.broker.take())).toEqual([[0, 0]])
  })

  it('fills its slot at once when it has ended before', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.storeResult('known', 'from before', 'SUCCESS')
    await process.results.apply(chord([part.si(1).set({ taskId: 'known' }), part.si(2)], body))
    const messages = rig.broker.take()
    expect(messages).toMatchObject([{ args: [2] }])
    await process.succeed(messages[0], 2)
    expect(calls(rig.broker.take())).toEqual([['from before', 2]])
  })
})
