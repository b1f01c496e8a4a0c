import { describe, expect, it } from 'vitest'
import { chord, TaskError } from '../../src/index.ts'
import { all, body, calls, ChordRig, numbered, part, told } from './chord-rig.ts'

// Everything that a chord can be asked for, by its name; what exactly each does is told by the tests beside this one.

async function started(count = 2) {
  const rig = new ChordRig()
  const process = rig.process()
  const result = await process.results.apply(numbered(count))
  return { rig, process, result, parts: rig.broker.take() }
}

describe('apply', () => {
  it('publishes the header, and the body once all parts have returned', async () => {
    const { rig, process, result, parts } = await started()
    expect(parts).toMatchObject([
      { task: 'part', group: 'c', groupIndex: 0, chord: { task: 'body', options: { task_id: result.id } } },
      { task: 'part', group: 'c', groupIndex: 1 },
    ])
    await process.succeed(parts[1], 'second')
    expect(rig.broker.messages).toEqual([])
    await process.succeed(parts[0], 'first')
    expect(rig.broker.take()).toMatchObject([{ id: result.id, task: 'body', args: [['first', 'second']], bodyOf: 'c' }])
  })

  it('answers with the result of the body, whose parent is the header', async () => {
    const { process, result, parts } = await started()
    expect(result.parent).toMatchObject({ id: 'c', results: parts.map(({ id }) => ({ id })) })
    await process.results.markAsDone(result.id, 'total')
    expect(await result.get()).toBe('total')
  })
})

describe('applyChord', () => {
  it('makes a chord known whose header somebody else publishes', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    await results.applyChord('c', ['a', 'b'], body.s().set({ taskId: 'the-body' }), { policy: 'collect' })
    expect(rig.broker.messages).toEqual([])
    expect(await results.chords.inspect('c')).toMatchObject({
      state: 'sealed',
      size: 2,
      policy: 'collect',
      bodyIds: ['the-body'],
      missing: [
        { slot: 0, taskId: 'a' },
        { slot: 1, taskId: 'b' },
      ],
    })
    for (const [groupIndex, id] of ['a', 'b'].entries()) {
      const request = { id, task: 'part', args: [], kwargs: {}, group: 'c', groupIndex, chord: body.s().toData() }
      await results.markAsDone(id, groupIndex, { request })
    }
    expect(rig.broker.take()).toMatchObject([{ id: 'the-body', args: [[{ result: 0 }, { result: 1 }]] }])
  })

  it('runs the body when all parts have returned before', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    const request = { id: 'a', task: 'part', args: [], kwargs: {}, group: 'c', groupIndex: 0, chord: body.s().toData() }
    expect(await results.onChordPartReturn(request, 'SUCCESS', 1)).toBe('unknown')
    await results.applyChord('c', ['a'], body.s())
    expect(calls(rig.broker.take())).toEqual([[1]])
  })
})

describe('setChordSize', () => {
  it('says nothing new for the size there is, and rejects any other', async () => {
    const { process } = await started()
    await process.results.setChordSize('c', 2)
    await expect(process.results.setChordSize('c', 3)).rejects.toMatchObject({ code: 'conflict' })
    await expect(process.results.setChordSize('unknown', 3)).rejects.toMatchObject({ code: 'not-found' })
    expect(await process.results.chords.inspect('c')).toMatchObject({ size: 2 })
  })
})

describe('addToChord', () => {
  it('makes room for tasks that somebody else publishes', async () => {
    const { rig, process, parts } = await started()
    expect(await process.results.addToChord('c', 'more', ['d', 'e'])).toEqual({ first: 2, count: 2 })
    for (const [at, message] of parts.entries()) await process.succeed(message, at)
    expect(rig.broker.messages).toEqual([])
    const request = { task: 'part', args: [], kwargs: {}, group: 'c', chord: body.s().toData() }
    await process.results.markAsDone('d', 'd', { request: { ...request, id: 'd', groupIndex: 2 } })
    await process.results.markAsDone('e', 'e', { request: { ...request, id: 'e', groupIndex: 3 } })
    expect(calls(rig.broker.take())).toEqual([[0, 1, 'd', 'e']])
  })
})

describe('onChordPartReturn', () => {
  it('fills the slot of a part that leaves no result', async () => {
    const { rig, process, parts } = await started()
    for (const [at, message] of parts.entries()) {
      expect(await process.results.onChordPartReturn(message, 'SUCCESS', { at })).toBe('recorded')
      expect(await process.results.exists(message.id)).toBe(false)
    }
    expect(calls(rig.broker.take())).toEqual([[{ at: 0 }, { at: 1 }]])
  })

  it('tells what became of the part', async () => {
    const { rig, process, parts } = await started()
    const [first, second] = parts
    const tell = (message: typeof first, id = message?.id ?? '') =>
      process.results.onChordPartReturn({ ...message, id, task: 'part', args: [], kwargs: {} }, 'SUCCESS', 1)
    expect(await tell(first)).toBe('recorded')
    expect(await tell(first)).toBe('duplicate')
    expect(await tell(first, 'another')).toBe('conflict')
    expect(await tell(second)).toBe('recorded')
    expect(await tell(second)).toBe('late')
    expect(await process.results.onChordPartReturn({ id: 'x', task: 'part', args: [], kwargs: {} }, 'SUCCESS', 1)).toBe(
      undefined,
    )
    expect(calls(rig.broker.take())).toEqual([[1, 1]])
  })
})

describe('failChord', () => {
  it('calls the error callbacks of a body, then fails it', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    const failing = body.s().set({ taskId: 'b' }).linkError(told.s())
    await results.failChord(
      'c',
      failing,
      new TaskError({ excType: 'ChordError', excModule: 'celery.exceptions', excArgs: ['why'] }),
    )
    expect(rig.broker.take()).toMatchObject([{ task: 'told', args: ['b'], parentId: 'b' }])
    expect(await results.getTaskMeta('b')).toMatchObject({ status: 'FAILURE', result: { excArgs: ['why'] } })
  })
})

describe('publishChordUnlock', () => {
  it('publishes the task by which Celery joins chords', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    const header = { id: 'g', members: [{ id: 'a' }, { id: 'b' }] }
    await results.publishChordUnlock(header, body.s().set({ taskId: 'b', queue: 'slow', priority: 3 }))
    const [message] = rig.broker.take()
    expect(message).toMatchObject({
      task: 'celery.chord_unlock',
      args: ['g', { task: 'body', options: { task_id: 'b', group_id: 'g', queue: 'slow', priority: 3 } }],
      kwargs: {
        interval: null,
        max_retries: null,
        result: [
          [['a', null], null],
          [['b', null], null],
        ],
      },
      countdownSeconds: 1,
      queue: 'slow',
      priority: 3,
      ignoreResult: true,
    })
    await results.publishChordUnlock(header, body.s(), { intervalSeconds: 2, maxRetries: 5 })
    expect(rig.broker.take()).toMatchObject([{ kwargs: { interval: 2, max_retries: 5 }, priority: 0 }])
  })
})

describe('results.chords', () => {
  it('inspect tells all there is to know', async () => {
    const { rig, process, result, parts } = await started()
    await process.succeed(parts[1], 1)
    const inspection = await process.results.chords.inspect('c')
    expect(inspection).toMatchObject({
      id: 'c',
      state: 'sealed',
      bodyIds: [result.id],
      policy: 'waitAll',
      size: 2,
      missing: [{ slot: 0, taskId: parts[0]?.id }],
      createdAt: new Date(0),
      deadline: new Date(86_400_000),
      attempt: 0,
    })
    expect(inspection.explanation).toBe(
      '1 of its 2 slots are empty; it ends at 1970-01-02T00:00:00.000Z unless they are filled.',
    )
    await process.succeed(parts[0], 0)
    expect(await process.results.chords.inspect('c')).toMatchObject({
      state: 'done',
      missing: [],
      attempt: 1,
      decision: { kind: 'body' },
      explanation: 'It is over: its body was published.',
    })
    expect(rig.broker.take()).toHaveLength(1)
    await expect(process.results.chords.inspect('unknown')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('listOpen lists the chords that are not over', async () => {
    const { rig, process, parts } = await started(1)
    await process.results.apply(numbered(1, 'other'))
    const open = async () => (await all(rig.observer().results.chords.listOpen())).map(({ id }) => id)
    expect((await open()).toSorted()).toEqual(['c', 'other'])
    await process.succeed(parts[0], 1)
    expect(await open()).toEqual(['other'])
  })

  it('add starts more parts', async () => {
    const { rig, process, parts } = await started(1)
    const added = await process.results.chords.add('c', 'more', [part.s('x')])
    const messages = rig.broker.take()
    expect(messages).toMatchObject([{ id: added[0]?.id, task: 'part', args: ['x'], group: 'c', groupIndex: 1 }])
    for (const message of [...parts, ...messages]) await process.succeed(message, message.groupIndex)
    expect(calls(rig.broker.take())).toEqual([[0, 1]])
  })

  it('cancel ends a chord with an error, once', async () => {
    const { rig, process, result, parts } = await started()
    expect(await process.results.chords.cancel('c', 'not needed')).toBe(true)
    expect(await process.results.chords.cancel('c', 'again')).toBe(false)
    await expect(result.get()).rejects.toMatchObject({
      excType: 'ChordError',
      excArgs: ['Chord c was cancelled: not needed'],
    })
    for (const message of parts) await process.succeed(message, 1)
    expect(rig.broker.messages).toEqual([])
    await expect(process.results.chords.cancel('unknown')).rejects.toMatchObject({ code: 'not-found' })
    await expect(rig.observer().results.chords.cancel('c')).rejects.toMatchObject({ code: 'misconfigured' })
  })

  it('sweep tells what it has done', async () => {
    const { rig, process, parts } = await started()
    const killed = rig.process()
    killed.dieBefore(({ name }) => name === 'exists')
    void killed.succeed(parts[0], 0)
    await rig.time.settle()
    await process.results.storeResult(parts[1]?.id ?? '', 1, 'SUCCESS')
    expect(await process.results.chords.sweep()).toMatchObject({ open: 1, recorded: 1, resumed: 0, failed: 0 })
    expect(calls(rig.broker.take())).toEqual([[0, 1]])
    expect(await process.results.chords.sweep()).toMatchObject({ open: 0, recorded: 0, resumed: 0 })
  })
})

describe('a chord in Celery’s words', () => {
  it('takes the callbacks of the body and its errors', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const result = await process.results.apply(chord([part.s(1)], body.s().linkError(told.s('why')), { id: 'c' }))
    const [only] = rig.broker.take()
    await process.fail(only, new TypeError('no'))
    expect(rig.broker.take()).toMatchObject([{ task: 'told', args: [result.id, 'why'] }])
    await expect(result.get()).rejects.toMatchObject({
      excModule: 'celery.exceptions',
      excArgs: [`Dependency ${only?.id} raised TypeError('no')`],
    })
  })
})
