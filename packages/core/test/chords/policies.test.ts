import { describe, expect, it } from 'vitest'
import { chord, type ChordPolicy, type TaskMessage, TaskRevokedError } from '../../src/index.ts'
import { body, calls, ChordRig, part, type Process, stuck, told } from './chord-rig.ts'

type Ending = 'success' | 'failure' | 'revoked' | 'ignored' | 'nothing'

const policies: readonly ChordPolicy[] = ['waitAll', 'failFast', 'collect', { atLeast: 2 }]

async function end(process: Process, message: TaskMessage, how: Ending): Promise<void> {
  const at = message.groupIndex
  if (how === 'success') await process.succeed(message, at)
  if (how === 'failure') await process.fail(message, new RangeError(`boom ${at}`))
  if (how === 'revoked') await process.results.markAsRevoked(message.id, 'stop', { request: message })
  if (how === 'ignored') await process.results.onChordPartReturn(message, 'IGNORED', null)
}

/** Three parts end in turn. Tells after how many the outcome was there, and what it was. */
async function outcome(policy: ChordPolicy, endings: readonly Ending[], order: readonly number[] = [0, 1, 2]) {
  const rig = new ChordRig()
  const process = rig.process()
  const header = endings.map((_, at) => part.si(at))
  const result = await process.results.apply(
    chord(header, body.s().linkError(told.s()), { id: 'c', policy, deadlineSeconds: 60 }),
  )
  const parts = rig.broker.take()
  let after = 0
  for (const at of order) {
    const message = parts[at]
    if (message === undefined || rig.broker.messages.length > 0) continue
    await end(process, message, endings[at] ?? 'nothing')
    after += 1
  }
  if (rig.broker.messages.length === 0) {
    after = Infinity
    await rig.time.advance(61_000)
    await process.results.chords.sweep()
  }
  const published = rig.broker.take()
  const meta = await process.results.getTaskMeta(result.id)
  return { after, published, values: calls(published), error: meta.result, parts, process, rig, result }
}

describe.each(policies)('with the policy %j', (policy) => {
  it('the body runs when all have succeeded', async () => {
    const { after, published } = await outcome(policy, ['success', 'success', 'success'])
    expect(after).toBe(3)
    expect(published).toMatchObject([{ task: 'body' }])
  })

  it('exactly one outcome comes of whatever the parts end with', async () => {
    const kinds: readonly Ending[] = ['success', 'failure', 'revoked', 'ignored', 'nothing']
    for (const first of kinds) {
      for (const second of kinds) {
        const { published, process, result } = await outcome(policy, [first, second, 'success'], [2, 1, 0])
        expect(published).toHaveLength(1)
        const state = await process.results.getState(result.id)
        expect(state).toBe(published[0]?.task === 'body' ? 'PENDING' : 'FAILURE')
      }
    }
  })

  it('the order in which parts return changes nothing', async () => {
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]
    const outcomes = await Promise.all(orders.map((order) => outcome(policy, ['success', 'ignored', 'success'], order)))
    for (const { values } of outcomes) expect(JSON.stringify(values)).toBe(JSON.stringify(outcomes[0]?.values))
  })
})

describe('waitAll', () => {
  it('gives the body the values in the order of the slots, null for a part that was ignored', async () => {
    expect((await outcome('waitAll', ['success', 'ignored', 'success'], [2, 0, 1])).values).toEqual([[0, null, 2]])
  })

  it.each<[Ending, string]>([
    ['failure', "ValueError('boom 1')"],
    ['revoked', "TaskRevokedError('stop')"],
  ])('fails once all have returned, for a %s', async (how, text) => {
    const { after, error, parts, published } = await outcome('waitAll', ['success', how, 'success'], [1, 0, 2])
    expect(after).toBe(3)
    expect(error).toMatchObject({ excType: 'ChordError', excArgs: [`Dependency ${parts[1]?.id} raised ${text}`] })
    expect(published).toMatchObject([{ task: 'told' }])
  })

  it('reports the lowest slot that failed, whoever was first', async () => {
    const { error, parts } = await outcome('waitAll', ['success', 'failure', 'failure'], [2, 1, 0])
    expect(error).toMatchObject({ excArgs: [`Dependency ${parts[1]?.id} raised ValueError('boom 1')`] })
  })

  it('names at its deadline what did not return', async () => {
    const { after, error, parts } = await outcome('waitAll', ['success', 'nothing', 'failure'])
    expect(after).toBe(Infinity)
    expect(error).toMatchObject({
      excArgs: [`Chord c was not complete at its deadline, 1 of 3 slots were empty: 1 (task ${parts[1]?.id})`],
    })
  })
})

describe('failFast', () => {
  it('fails with the first failure, and takes no notice of what comes later', async () => {
    const { after, error, parts, process, rig, result } = await outcome(
      'failFast',
      ['success', 'failure', 'failure'],
      [0, 2, 1],
    )
    expect(after).toBe(2)
    expect(error).toMatchObject({ excArgs: [`Dependency ${parts[2]?.id} raised ValueError('boom 2')`] })
    await process.fail(parts[1])
    expect(rig.broker.messages).toEqual([])
    expect(await process.results.getResult(result.id)).toEqual(error)
  })

  it('goes by the first failure although it came before the chord was sealed', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const more = Promise.withResolvers<void>()
    async function* header() {
      yield part.si(0)
      await more.promise
      yield part.si(1)
    }
    const applied = process.results.apply(chord(header(), body, { id: 'c', policy: 'failFast' }))
    await rig.time.advance(100)
    const [first] = rig.broker.take()
    await process.fail(first)
    more.resolve()
    await rig.time.advance(100)
    const result = await applied
    expect(rig.broker.take()).toMatchObject([{ task: 'part' }])
    await expect(result.get()).rejects.toMatchObject({ excType: 'ChordError' })
  })

  it('goes by what fills the slot, not by what a second run came to', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(chord([part.si(0), part.si(1)], body, { id: 'c', policy: 'failFast' }))
    const [first, second] = rig.broker.take()
    if (first === undefined) throw new Error('no part')
    await process.results.onChordPartReturn(first, 'SUCCESS', 'fine')
    await process.results.onChordPartReturn(first, 'FAILURE', new Error('again'))
    expect(rig.broker.messages).toEqual([])
    await process.succeed(second, 1)
    expect(calls(rig.broker.take())).toEqual([['fine', 1]])
  })
})

describe('collect', () => {
  it('gives the body what each part came to', async () => {
    const { values, parts } = await outcome('collect', ['success', 'failure', 'revoked'])
    expect(values).toEqual([
      [
        { taskId: parts[0]?.id, status: 'SUCCESS', result: 0 },
        {
          taskId: parts[1]?.id,
          status: 'FAILURE',
          error: expect.objectContaining({ exc_type: 'ValueError', exc_message: ['boom 1'] }),
        },
        {
          taskId: parts[2]?.id,
          status: 'REVOKED',
          error: expect.objectContaining({ exc_type: 'TaskRevokedError', exc_message: ['stop'] }),
        },
      ],
    ])
  })

  it('runs the body at the deadline, without what is missing', async () => {
    const { values, parts } = await outcome('collect', ['success', 'nothing', 'ignored'])
    expect(values).toEqual([
      [
        { taskId: parts[0]?.id, status: 'SUCCESS', result: 0 },
        { taskId: parts[1]?.id, status: 'PENDING' },
        { taskId: parts[2]?.id, status: 'SUCCESS', result: null },
      ],
    ])
  })

  it('does not count what arrives between the decision and the body', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const options = { id: 'c', policy: 'collect', deadlineSeconds: 60 } as const
    await process.results.apply(chord([part.si(0), part.si(1)], body, options))
    const [first, second] = rig.broker.take()
    await process.succeed(first, 0)
    rig.broker.failure = () => new Error('the queue is away')
    await rig.time.advance(61_000)
    await process.results.chords.sweep()
    await process.succeed(second, 'late')
    rig.broker.failure = undefined
    await process.results.chords.sweep()
    expect(calls(rig.broker.take())).toEqual([
      [
        { taskId: first?.id, status: 'SUCCESS', result: 0 },
        { taskId: second?.id, status: 'PENDING' },
      ],
    ])
  })
})

describe('atLeast', () => {
  it('waits for all, then runs the body when enough have succeeded', async () => {
    const { after, values } = await outcome({ atLeast: 2 }, ['success', 'success', 'failure'])
    expect(after).toBe(3)
    expect(values).toMatchObject([[{ status: 'SUCCESS' }, { status: 'SUCCESS' }, { status: 'FAILURE' }]])
  })

  it('fails when too few have', async () => {
    const { error, values } = await outcome({ atLeast: 2 }, ['success', 'failure', 'revoked'])
    expect(values).toEqual([])
    expect(error).toMatchObject({ excArgs: ['Chord c needs 2 parts that succeed, and 1 did'] })
  })

  it('judges at the deadline by what is there', async () => {
    const { values } = await outcome({ atLeast: 2 }, ['success', 'success', 'nothing'])
    expect(values).toMatchObject([[{ status: 'SUCCESS' }, { status: 'SUCCESS' }, { status: 'PENDING' }]])
  })
})

describe('a deadline', () => {
  it('is judged a minute late where only the clock of this process tells the time', async () => {
    const rig = new ChordRig()
    const process = rig.process({ clock: false })
    const result = await process.results.apply(chord([part.si(0)], body, { deadlineSeconds: 60 }))
    await rig.time.advance(119_000)
    await process.results.chords.sweep()
    expect(await process.results.getState(result.id)).toBe('PENDING')
    await rig.time.advance(2_000)
    await process.results.chords.sweep()
    expect(await process.results.getState(result.id)).toBe('FAILURE')
  })

  it('is never further away than maxDeadlineSeconds', async () => {
    const { results } = new ChordRig().process({ maxDeadlineSeconds: 60, chordDeadlineSeconds: 60 })
    const far = chord([part.si(0)], body, { deadlineSeconds: 61 })
    await expect(results.apply(far)).rejects.toThrow('at most 60 s away')
  })

  it('ends a chord whose header was never announced to its end', async () => {
    const rig = new ChordRig()
    const dying = rig.process()
    void dying.results.apply(chord(stuck([part.si(0)]), body, { id: 'c', policy: 'collect', deadlineSeconds: 60 }))
    await rig.time.advance(100)
    dying.kill()
    expect(rig.broker.take()).toHaveLength(1)
    const { results } = rig.process()
    expect(await results.chords.inspect('c')).toMatchObject({
      state: 'open',
      explanation: expect.stringContaining('It was not sealed'),
    })
    await rig.time.advance(60_000)
    await results.chords.sweep()
    const [bodyId = ''] = (await results.chords.inspect('c')).bodyIds
    expect(await results.getResult(bodyId)).toMatchObject({
      excArgs: ['ChordNeverSealed: chord c was not given its size before its deadline'],
    })
  })
})

describe('a revoked part', () => {
  it('ends the chord although no worker ever knew of it', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const result = await process.results.apply(chord([part.si(0)], body, { id: 'c' }))
    const [only] = rig.broker.take()
    if (only === undefined) throw new Error('no part')
    await process.results.markAsRevoked(only.id, 'stop', { request: only })
    expect(await process.results.getResult(only.id)).toBeInstanceOf(TaskRevokedError)
    await expect(result.get()).rejects.toMatchObject({ excType: 'ChordError' })
  })
})
