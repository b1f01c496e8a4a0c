import { describe, expect, it } from 'vitest'
import {
  chain,
  chord,
  type ChordPolicy,
  executeTask,
  Ignore,
  Reject,
  type RunnableTask,
  task,
  type TaskContext,
  type TaskMessage,
} from '../../src/index.ts'
import { body, calls, ChordRig, part, type Process, touches } from '../chords/chord-rig.ts'

/** A chord of one call of a task, delivered as often as a test says. */
async function started(only: RunnableTask, policy: ChordPolicy = 'waitAll') {
  const rig = new ChordRig()
  const process = rig.process()
  const call = task<() => unknown>(only.name).s()
  const result = await process.results.apply(chord([call], body, { id: 'c', policy }))
  const [message] = rig.broker.take()
  if (message === undefined) throw new Error('no part')
  const deliver = (by: Process = process, more: Partial<TaskMessage> = {}, redelivered = false) =>
    executeTask(only, { ...message, ...more, deliveryInfo: { redelivered } }, by.results)
  return { rig, process, result, message, deliver }
}

describe('a part that is delivered again', () => {
  it('is recorded from what it left, without running again', async () => {
    let runs = 0
    const { rig, deliver } = await started(task('counted', () => ++runs))
    const dying = rig.process()
    dying.dieBefore(touches('m'))
    void deliver(dying)
    await rig.time.settle()
    expect(calls(rig.broker.take())).toEqual([])
    await deliver(rig.process(), {}, true)
    expect(runs).toBe(1)
    expect(calls(rig.broker.take())).toEqual([[1]])
  })

  it('completes the chord when its process died between filling the slot and looking', async () => {
    let runs = 0
    const { rig, deliver } = await started(task('counted', () => ++runs))
    const dying = rig.process()
    dying.dieAfter(touches('m'))
    void deliver(dying)
    await rig.time.settle()
    await deliver(rig.process(), {}, true)
    expect(runs).toBe(1)
    expect(calls(rig.broker.take())).toEqual([[1]])
  })

  it('runs again when it left nothing, and its slot keeps what came first', async () => {
    let runs = 0
    const { rig, deliver } = await started(task('counted', () => ++runs))
    await deliver(undefined, { ignoreResult: true })
    await deliver(undefined, { ignoreResult: true }, true)
    expect(runs).toBe(2)
    expect(calls(rig.broker.take())).toEqual([[1]])
  })

  it('gives its slot what the store holds when another run was first', async () => {
    const { rig, process, message, deliver } = await started(task('late', () => 'second'))
    await process.results.storeResult(message.id, 'first', 'SUCCESS')
    await deliver()
    expect(calls(rig.broker.take())).toEqual([['first']])
  })

  it('gives its slot the success that the store holds when a later run fails', async () => {
    const flaky = task('flaky', () => {
      throw new Error('second')
    })
    const { rig, process, result, message, deliver } = await started(flaky)
    await process.results.storeResult(message.id, 'first', 'SUCCESS')
    await deliver()
    expect(calls(rig.broker.take())).toEqual([['first']])
    expect(await process.results.getState(result.id)).toBe('PENDING')
  })

  it('keeps its slot failed when a later run succeeds, and its result takes the success', async () => {
    let runs = 0
    const flaky = task('flaky', () => {
      if (++runs === 1) throw new Error('first')
      return 'second'
    })
    const { process, result, message, deliver } = await started(flaky)
    await deliver()
    await deliver(undefined, {}, true)
    expect(await process.results.getState(message.id)).toBe('SUCCESS')
    expect(await process.results.getState(result.id)).toBe('FAILURE')
  })
})

describe('the end of a part', () => {
  it.each<[string, () => unknown, object]>([
    ['a value', () => 5, { status: 'SUCCESS', result: 5 }],
    ['nothing', () => undefined, { status: 'SUCCESS', result: null }],
    ['an error', () => failing(new RangeError('no')), { status: 'FAILURE', error: { exc_type: 'ValueError' } }],
    ['something thrown that is no error', () => failing('text'), { status: 'FAILURE' }],
    ['Ignore', () => failing(new Ignore()), { status: 'SUCCESS', result: null }],
    ['Reject', () => failing(new Reject('not mine')), { status: 'FAILURE', error: { exc_type: 'Reject' } }],
    ['a function', () => () => 1, { status: 'FAILURE', error: { exc_type: 'EncodeError' } }],
    ['a circle', circle, { status: 'FAILURE', error: { exc_type: 'EncodeError' } }],
    ['a throwing toJSON', throwing, { status: 'FAILURE', error: { exc_type: 'EncodeError' } }],
  ])('fills the slot: %s', async (_, run, expected) => {
    const { rig, deliver } = await started(task('ending', run), 'collect')
    await deliver()
    expect(calls(rig.broker.take())).toMatchObject([[expected]])
  })

  it('fills the slot with a failure when its result is longer than the store takes', async () => {
    const { rig, deliver } = await started(
      task('large', () => 'x'.repeat(1_100_000)),
      'collect',
    )
    await deliver()
    expect(calls(rig.broker.take())).toMatchObject([[{ status: 'FAILURE', error: { exc_type: 'EncodeError' } }]])
  })

  it('fills the slot with the value although the result is ignored', async () => {
    const { rig, process, message, deliver } = await started(task('quiet', () => 7, { ignoreResult: true }))
    await deliver()
    expect(await process.results.exists(message.id)).toBe(false)
    expect(calls(rig.broker.take())).toEqual([[7]])
  })

  it('fills the slot with a failure although the result is ignored', async () => {
    const quiet = task('quiet', () => failing(new RangeError('no')), { ignoreResult: true })
    const { process, result, deliver } = await started(quiet)
    await deliver()
    expect(await process.results.getResult(result.id)).toMatchObject({ excType: 'ChordError' })
  })

  it('waits while the part is to be tried again, or to be delivered again', async () => {
    let runs = 0
    const retried = task('retried', (context: TaskContext) => (++runs === 1 ? context.retry() : runs), { bind: true })
    const { rig, deliver } = await started(retried)
    await deliver()
    const [again] = rig.broker.take()
    expect(again).toMatchObject({ task: 'retried', retries: 1, group: 'c', groupIndex: 0, chord: { task: 'body' } })
    await deliver(undefined, { retries: 1 })
    expect(calls(rig.broker.take())).toEqual([[2]])
    const rejected = await started(task('rejected', () => failing(new Reject('later', { requeue: true }))))
    expect(await rejected.deliver()).toEqual({ state: 'REJECTED' })
    expect(rejected.rig.broker.messages).toEqual([])
  })

  it('is a failure for a task that nobody knows', async () => {
    const { process, result, message, deliver } = await started(task('unknown'))
    await deliver()
    expect(await process.results.getResult(result.id)).toMatchObject({
      excArgs: [`Dependency ${message.id} raised NotRegistered('unknown')`],
    })
  })
})

describe('a chain in a header that ends early', () => {
  it.each<[string, unknown, unknown]>([
    ['ignored', new Ignore(), [null]],
    ['failed', new RangeError('no'), undefined],
    ['rejected', new Reject('no'), undefined],
  ])('fills the slot of its last step: %s', async (_, thrown, expected) => {
    const rig = new ChordRig()
    const process = rig.process()
    const first = task('first', () => failing(thrown))
    const steps = chain([task<() => unknown>('first').s(), part.s()])
    const result = await process.results.apply(chord([steps], body))
    const [message] = rig.broker.take()
    if (message === undefined) throw new Error('no part')
    await executeTask(first, message, process.results)
    expect(calls(rig.broker.take())).toEqual(expected === undefined ? [] : [expected])
    expect(await process.results.getState(result.id)).toBe(expected === undefined ? 'FAILURE' : 'PENDING')
  })

  it('goes on to its last step, which fills the slot', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const steps = chain([part.s('x'), part.s(), part.s()])
    await process.results.apply(chord([steps], body))
    for (let [message] = rig.broker.take(); message?.task === 'part'; [message] = rig.broker.messages) {
      rig.broker.take()
      await executeTask(part, message, process.results)
    }
    expect(calls(rig.broker.take())).toEqual([['x']])
  })
})

function failing(error: unknown): never {
  throw error
}

function circle(): unknown {
  const list: unknown[] = []
  list.push(list)
  return list
}

function throwing(): unknown {
  return {
    toJSON: () => {
      throw new Error('not now')
    },
  }
}
