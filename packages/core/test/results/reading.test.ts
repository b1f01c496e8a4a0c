import { describe, expect, it } from 'vitest'
import { type Codec, Results, wrap } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'

describe('getTaskMeta and its parts', () => {
  it('getState and getStatus tell PENDING for an unknown task, and exists tells that it is unknown', async () => {
    const results = new Results({ backend: new MapBackend() })
    expect(await results.getState('a')).toBe('PENDING')
    expect(await results.getStatus('a')).toBe('PENDING')
    expect(await results.exists('a')).toBe(false)
    expect(await results.getTaskMeta('a')).toMatchObject({ status: 'PENDING', isAbsent: true })
    await results.storeResult('a', null, 'PENDING')
    expect(await results.getTaskMeta('a')).not.toHaveProperty('isAbsent')
    expect(await results.exists('a')).toBe(true)
    const plain = new Results({ backend: wrap(results.backend, { presence: undefined }) })
    expect(await plain.exists('a')).toBe(true)
  })

  it('getResult, getTraceback and getChildren read their fields', async () => {
    const results = new Results({ backend: new MapBackend() })
    const request = {
      id: 'a',
      task: 't',
      args: [],
      kwargs: {},
      children: [{ id: 'b' }, { id: 'g', members: [{ id: 'm' }] }],
    }
    await results.storeResult('a', 7, 'SUCCESS', { request, traceback: 'tb' })
    expect(await results.getResult('a')).toBe(7)
    expect(await results.getTraceback('a')).toBe('tb')
    expect((await results.getChildren('a'))?.map(({ id }) => id)).toEqual(['b', 'g'])
    expect(await results.getChildren('unknown')).toBeNull()
  })

  it('rejects with unreadable for what it cannot decode', async () => {
    const backend = new MapBackend()
    await backend.set({ key: 'celery-task-meta-a', value: '{' })
    await expect(new Results({ backend }).getTaskMeta('a')).rejects.toMatchObject({ code: 'unreadable' })
  })

  it('reads nothing that accept does not name', async () => {
    const backend = new MapBackend()
    await new Results({ backend }).storeResult('a', 1, 'SUCCESS')
    const results = new Results({ backend, accept: [] })
    await expect(results.getTaskMeta('a')).rejects.toMatchObject({ code: 'unreadable' })
  })

  it('writes and reads with another codec', async () => {
    const binary: Codec = {
      name: 'binary',
      contentType: 'application/x-test',
      contentEncoding: 'binary',
      encode: (value) => Buffer.from(`\u0001${JSON.stringify(value)}`),
      decode: (value) => JSON.parse(Buffer.from(value).subarray(1).toString()) as unknown,
    }
    const results = new Results({ backend: new MapBackend(), serializer: 'binary', codecs: [binary] })
    await results.storeResult('a', [1], 'SUCCESS')
    expect(await results.storeResult('a', [2], 'SUCCESS')).toMatchObject({ written: false })
    expect(await results.getResult('a')).toEqual([1])
    expect(() => new Results({ backend: new MapBackend(), serializer: 'pickle' })).toThrow(/serializer pickle/)
  })
})

describe('reads of one tick', () => {
  it('travel as one mget, each key once', async () => {
    const backend = new MapBackend()
    const results = new Results({ backend })
    await results.storeResult('a', 1, 'SUCCESS')
    const read = await Promise.all(['a', 'b', 'a'].map((id) => results.getState(id)))
    expect(read).toEqual(['SUCCESS', 'PENDING', 'SUCCESS'])
    expect(backend.calls.get('mget')).toBe(1)
    expect(backend.calls.get('get')).toBeUndefined()
  })

  it('are cut to the size that the store takes', async () => {
    const backend = new MapBackend({ limits: { maxBatchKeys: 2 } })
    const results = new Results({ backend })
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => results.getState(id)))
    expect(backend.calls.get('mget')).toBe(2)
    expect(backend.calls.get('get')).toBe(1)
  })
})

describe('getMany', () => {
  it('answers in order with one bulk read a batch', async () => {
    const backend = new MapBackend({ limits: { maxBatchKeys: 2 } })
    const results = new Results({ backend })
    await results.storeResult('a', 1, 'SUCCESS')
    const metas = await results.getMany(['x', 'a', 'y', 'a'])
    expect(metas.map(({ taskId, status }) => `${taskId} ${status}`)).toEqual([
      'x PENDING',
      'a SUCCESS',
      'y PENDING',
      'a SUCCESS',
    ])
    expect(backend.calls.get('mget')).toBe(2)
  })
})

describe('asCompleted and waitFor', () => {
  it('asCompleted yields in completion order', async () => {
    const results = new Results({ backend: new MapBackend() })
    const seen: string[] = []
    await results.storeResult('b', 1, 'SUCCESS')
    for await (const { taskId } of results.asCompleted(['a', 'b', 'c'], { timeoutMs: 10_000 })) {
      seen.push(taskId)
      if (taskId === 'b') await results.storeResult('c', 1, 'SUCCESS')
      if (taskId === 'c') await results.storeResult('a', 1, 'SUCCESS')
    }
    expect(seen).toEqual(['b', 'c', 'a'])
    await results.close()
  })

  it('waitFor rejects with the task’s error unless it shall not propagate', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.markAsFailure('a', new Error('boom'))
    await expect(results.waitFor('a')).rejects.toMatchObject({ excArgs: ['boom'] })
    expect((await results.waitFor('a', { propagate: false })).status).toBe('FAILURE')
    await expect(results.waitFor('b', { timeoutMs: 5 })).rejects.toMatchObject({ code: 'timeout' })
    await expect(results.waitFor('b', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    await results.close()
  })
})

describe('forget', () => {
  it('removes the result; an unknown id is no error', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.storeResult('a', 1, 'SUCCESS')
    await results.forget('a')
    await results.forget('unknown')
    expect(await results.exists('a')).toBe(false)
  })

  it('ends who waits with not-found', async () => {
    const results = new Results({ backend: new MapBackend() })
    const [waited] = await Promise.allSettled([results.waitFor('a', { timeoutMs: 10_000 }), results.forget('a')])
    expect(waited).toMatchObject({ status: 'rejected', reason: { code: 'not-found' } })
    await results.close()
  })
})

describe('maxCachedResults', () => {
  it('keeps nothing by default', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.storeResult('a', 1, 'SUCCESS')
    await results.getTaskMeta('a')
    expect(results.isCached('a')).toBe(false)
  })

  it('keeps the results used last, and only successes', async () => {
    const backend = new MapBackend()
    const results = new Results({ backend, maxCachedResults: 2 })
    for (const id of ['a', 'b', 'c']) await results.storeResult(id, 1, 'SUCCESS')
    await results.storeResult('s', 1, 'STARTED')
    for (const id of ['a', 'b', 'a', 'c', 's']) await results.getTaskMeta(id)
    expect(['a', 'b', 'c', 's'].map((id) => results.isCached(id))).toEqual([true, false, true, false])
    const reads = backend.calls.get('get')
    await results.getTaskMeta('a')
    expect(backend.calls.get('get')).toBe(reads)
    await results.forget('a')
    expect(results.isCached('a')).toBe(false)
  })

  it('reloadTaskResult reads past it and keeps what came back', async () => {
    const results = new Results({ backend: new MapBackend(), maxCachedResults: 0 })
    await results.storeResult('a', 1, 'STARTED')
    expect((await results.reloadTaskResult('a')).status).toBe('STARTED')
    expect(results.isCached('a')).toBe(true)
    await results.storeResult('a', 1, 'SUCCESS')
    expect(await results.getState('a')).toBe('STARTED')
    expect((await results.reloadTaskResult('a')).status).toBe('SUCCESS')
  })
})

describe('the rest of Celery’s surface', () => {
  it('cleanup removes what has expired, batch by batch', async () => {
    let now = 0
    const backend = new MapBackend({ now: () => now })
    const results = new Results({ backend })
    for (const id of ['a', 'b', 'c']) await results.storeResult(id, 1, 'SUCCESS', { expiresInSeconds: 1 })
    await results.storeResult('d', 1, 'SUCCESS')
    now = 2_000
    expect(await results.cleanup({ limit: 2 })).toBe(3)
    expect(backend.entries.size).toBe(1)
    expect(await new Results({ backend: wrap(backend, { cleanup: undefined }) }).cleanup()).toBe(0)
  })

  it('onTaskCall subscribes to nothing', () => {
    const backend = new MapBackend()
    const results = new Results({ backend })
    results.onTaskCall('a')
    expect(backend.calls.size).toBe(0)
    expect(results.waits).toEqual({ waiters: 0, ids: 0, subscriptions: 0, timers: 0 })
  })

  it('asUri masks the password', () => {
    const results = new Results({ backend: new MapBackend() })
    expect(results.asUri()).toBe('map://:**@here/')
    expect(results.asUri({ includePassword: true })).toBe('map://:secret@here/')
  })

  it('encodeResult encodes errors and handles, decodeResult reads a document', async () => {
    const results = new Results({ backend: new MapBackend() })
    expect(results.encodeResult(new TypeError('no'), 'FAILURE')).toEqual({
      exc_type: 'TypeError',
      exc_message: ['no'],
      exc_module: 'builtins',
    })
    expect(results.encodeResult(results.result('a'))).toEqual([['a', null], null])
    expect(results.encodeResult(undefined)).toBeNull()
    expect(results.decodeResult('a', '{"status": "SUCCESS", "result": 1}')).toMatchObject({ taskId: 'a', result: 1 })
  })
})
