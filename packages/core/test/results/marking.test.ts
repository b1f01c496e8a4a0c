import { describe, expect, it } from 'vitest'
import { chain, chord, Results, TaskError, task, TaskRevokedError } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'
import { RecordedPublisher } from './recorded-publisher.ts'

const step = (id: string, options: object = {}) => ({
  ...task('step').s().toData(),
  options: { task_id: id, ...options },
})
const request = { id: 'a', task: 'first', args: [1], kwargs: {} }

describe('markAsStarted', () => {
  it('stores the meta given', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.markAsStarted('a', { pid: 1, hostname: 'h' })
    expect(await results.getTaskMeta('a')).toMatchObject({ status: 'STARTED', result: { pid: 1 }, children: null })
  })
})

describe('markAsDone', () => {
  it('stores the value with what the request says', async () => {
    const results = new Results({ backend: new MapBackend(), resultExtended: true })
    await results.markAsDone('a', 2, { request: { ...request, group: 'g', parentId: 'p', hostname: 'w' } })
    expect(await results.getTaskMeta('a')).toMatchObject({
      status: 'SUCCESS',
      result: 2,
      groupId: 'g',
      parentId: 'p',
      name: 'first',
      args: [1],
      kwargs: {},
      worker: 'w',
      retries: 0,
      children: [],
    })
  })

  it('stores nothing for an ignored result', async () => {
    const backend = new MapBackend()
    const results = new Results({ backend })
    expect(await results.markAsDone('a', 2, { request: { ...request, ignoreResult: true } })).toBeUndefined()
    expect(await results.markAsDone('a', 2, { storeResult: false })).toBeUndefined()
    expect(backend.entries.size).toBe(0)
  })

  it('stores a handle as Celery’s tuple', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.markAsDone('a', results.result('b'))
    expect(await results.getResult('a')).toEqual([['b', null], null])
  })
})

describe('markAsFailure', () => {
  it('stores the error with its stack', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.markAsFailure('a', new RangeError('too far'))
    const meta = await results.getTaskMeta('a')
    expect(meta.result).toMatchObject({ excType: 'ValueError', excModule: 'builtins', excArgs: ['too far'] })
    expect(meta.traceback).toContain('marking.test.ts')
  })

  it('fails every step of the chain that will not run, a chord’s body and a group’s members among them', async () => {
    const results = new Results({ backend: new MapBackend() })
    const chordStep = { ...step('chord'), subtask_type: 'chord', kwargs: { header: [], body: step('body') } }
    const groupStep = { ...step('group'), subtask_type: 'group', kwargs: { tasks: [step('m1'), step('m2')] } }
    await results.markAsFailure('a', new Error('boom'), {
      request: { ...request, chain: [groupStep, chordStep, step('b')] },
    })
    const metas = await results.getMany(['a', 'b', 'chord', 'body', 'group', 'm1', 'm2'])
    expect(metas.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 'FAILURE'))
    expect(metas.every(({ result }) => result instanceof TaskError && result.excArgs[0] === 'boom')).toBe(true)
  })

  it('publishes the errbacks as one group with the failed id in front', async () => {
    const publisher = new RecordedPublisher()
    const results = new Results({ backend: new MapBackend(), publisher })
    const errbacks = [
      task<(id: string, text: string) => void>('log').s('x').toData(),
      { ...task<(text: string) => void>('page').s('y').toData(), immutable: true },
    ]
    await results.markAsFailure('a', new Error('boom'), { request: { ...request, rootId: 'r', errbacks } })
    expect(publisher.messages).toMatchObject([
      { task: 'log', args: ['a', 'x'], parentId: 'a', rootId: 'r', groupIndex: 0 },
      { task: 'page', args: ['y'], parentId: 'a', rootId: 'r', groupIndex: 1 },
    ])
    expect(publisher.messages[0]?.group).toBe(publisher.messages[1]?.group)
    await results.markAsFailure('b', new Error('boom'), { request: { ...request, errbacks }, callErrbacks: false })
    expect(publisher.messages).toHaveLength(2)
  })

  it('publishes errbacks of every kind, a chord among them', async () => {
    const publisher = new RecordedPublisher()
    const results = new Results({ backend: new MapBackend(), publisher })
    const log = task<(id: string) => void>('log')
    const both = chord([log.s(), log.s()], task<(values: readonly unknown[]) => void>('all'))
    const errbacks = [both.toData(), chain([log.s(), log.si('x')]).toData()]
    await results.markAsFailure('a', new Error('boom'), { request: { ...request, errbacks } })
    expect(publisher.messages.map(({ task: name, args }) => [name, args[0]])).toEqual([
      ['log', 'a'],
      ['log', 'a'],
      ['log', 'a'],
    ])
    await results.close()
  })

  it('starts nothing when the task has succeeded before', async () => {
    const publisher = new RecordedPublisher()
    const results = new Results({ backend: new MapBackend(), publisher })
    await results.markAsDone('a', 1)
    const errbacks = [task('log').s().toData()]
    const outcome = await results.markAsFailure('a', new Error('late'), {
      request: { ...request, errbacks, chain: [step('b')] },
    })
    expect(outcome).toMatchObject({ written: false, stored: { status: 'SUCCESS' } })
    expect(publisher.messages).toEqual([])
    expect(await results.exists('b')).toBe(false)
  })

  it('says that errbacks need a publisher', async () => {
    const results = new Results({ backend: new MapBackend() })
    const failing = results.markAsFailure('a', new Error('x'), {
      request: { ...request, errbacks: [task('log').s().toData()] },
    })
    await expect(failing).rejects.toMatchObject({ code: 'misconfigured' })
    expect(await results.getState('a')).toBe('FAILURE')
  })
})

describe('failFromError, markAsRetry, markAsRevoked', () => {
  it('failFromError stores a failure without a request', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.failFromError('a', new Error('boom'))
    expect(await results.getTaskMeta('a')).toMatchObject({ status: 'FAILURE', children: null })
    expect(await results.getTraceback('a')).toContain('Error: boom')
  })

  it('markAsRetry stores the cause, or null', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.markAsRetry('a', new Error('later'), { traceback: 'tb' })
    expect(await results.getTaskMeta('a')).toMatchObject({ status: 'RETRY', traceback: 'tb' })
    expect((await results.getTaskMeta('a')).dateDone).toBeUndefined()
    await results.markAsRetry('b', undefined)
    expect(await results.getResult('b')).toBeNull()
  })

  it('markAsRevoked stores the reason', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.markAsRevoked('a')
    const error = await results.getResult('a')
    expect(error).toBeInstanceOf(TaskRevokedError)
    expect(error).toMatchObject({ excArgs: ['revoked'] })
    expect(await results.markAsRevoked('b', 'expired', { storeResult: false })).toBeUndefined()
  })
})
