import { describe, expect, it } from 'vitest'
import { type Backend, BackendError, Results, wrap } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'

const ways: readonly [string, (backend: MapBackend) => Backend][] = [
  ['guard', (backend) => backend],
  ['bulk', (backend) => wrap(backend, { guard: undefined })],
  ['plain writes', (backend) => wrap(backend, { guard: undefined, bulk: undefined })],
]

describe.each(ways)('storeResult over %s', (_, with_) => {
  it.each([
    ['STARTED', 'SUCCESS', true],
    ['STARTED', 'PROGRESS', true],
    ['FAILURE', 'SUCCESS', true],
    ['FAILURE', 'STARTED', false],
    ['FAILURE', 'FAILURE', false],
    ['FAILURE', 'REVOKED', false],
    ['REVOKED', 'FAILURE', true],
    ['REVOKED', 'RETRY', false],
    ['REVOKED', 'REVOKED', false],
    ['SUCCESS', 'FAILURE', false],
    ['SUCCESS', 'SUCCESS', false],
  ])('judges %s followed by %s', async (first, second, written) => {
    const results = new Results({ backend: with_(new MapBackend()) })
    expect(await results.storeResult('a', null, first)).toMatchObject({ written: true })
    const outcome = await results.storeResult('a', null, second)
    expect(outcome.written).toBe(written)
    expect(outcome.written || outcome.stored.status).toBe(written || first)
    expect(await results.getState('a')).toBe(written ? second : first)
  })

  it('lets one of many concurrent successes win', async () => {
    const results = new Results({ backend: with_(new MapBackend()) })
    const outcomes = await Promise.all(Array.from({ length: 50 }, (__, n) => results.storeResult('a', n, 'SUCCESS')))
    expect(outcomes.filter(({ written }) => written)).toHaveLength(1)
    expect(await results.getResult('a')).toBe(outcomes.findIndex(({ written }) => written))
  })

  it('recognises its own write when the answer was lost', async () => {
    const backend = new MapBackend()
    let lost = 0
    const lose = async <T>(answer: Promise<T>): Promise<T> => {
      const value = await answer
      lost += 1
      if (lost === 1) throw new BackendError('uncertain', 'the connection broke')
      return value
    }
    const inner = with_(backend)
    const losing = wrap(inner, {
      set: (write) => lose(backend.set(write)),
      bulk: inner.bulk && { set: (writes) => lose(backend.bulk.set(writes)) },
      guard: inner.guard && { set: (write) => lose(backend.guard.set(write)) },
    })
    const results = new Results({ backend: losing, baseSleepMs: 0 })
    expect(await results.storeResult('a', 1, 'SUCCESS')).toEqual({ written: true, result: 1 })
    expect(lost).toBe(2)
  })

  it('leaves somebody else’s result that it cannot read untouched', async () => {
    const backend = new MapBackend()
    const pickle = new Uint8Array([0x80, 4, 0x95, 1, 2])
    await backend.set({ key: 'celery-task-meta-a', value: pickle })
    const results = new Results({ backend: with_(backend) })
    await expect(results.storeResult('a', 1, 'SUCCESS')).rejects.toMatchObject({ code: 'unreadable' })
    expect((await backend.get('celery-task-meta-a'))?.value).toBe(pickle)
  })

  it('replaces bytes that are no result, with a warning', async () => {
    const backend = new MapBackend()
    const warnings: string[] = []
    await backend.set({ key: 'celery-task-meta-a', value: 'garbage' })
    const results = new Results({ backend: with_(backend), onWarning: (message) => warnings.push(message) })
    expect(await results.storeResult('a', 1, 'SUCCESS')).toMatchObject({ written: true })
    expect(warnings).toHaveLength(1)
  })
})

describe('storeResult', () => {
  it('needs one call for a first write', async () => {
    for (const [overrides, calls] of [
      [{}, { guard: 1 }],
      [{ guard: undefined }, { set: 1 }],
    ] as const) {
      const backend = new MapBackend()
      await new Results({ backend: wrap(backend, overrides) }).storeResult('a', 1, 'SUCCESS')
      expect(Object.fromEntries(backend.calls)).toEqual(calls)
    }
  })

  it('lets the writers of one process take turns at what is there, so that none comes too late', async () => {
    const backend = new MapBackend()
    const results = new Results({ backend: wrap(backend, { guard: undefined, bulk: undefined }) })
    await results.storeResult('a', 0, 'STARTED')
    backend.calls.clear()
    const outcomes = await Promise.all(Array.from({ length: 50 }, (__, n) => results.storeResult('a', n, 'PROGRESS')))
    expect(outcomes.every(({ written }) => written)).toBe(true)
    expect(Object.fromEntries(backend.calls)).toEqual({ set: 100, get: 50 })
  })

  it('does not read again what the store has told it was in the way', async () => {
    const backend = new MapBackend()
    const telling = wrap(backend, {
      guard: undefined,
      bulk: undefined,
      set: async (write) => {
        const outcome = await backend.set(write)
        const stored = backend.entries.get(write.key)
        return outcome.written || stored === undefined ? outcome : { ...outcome, stored }
      },
    })
    const results = new Results({ backend: telling })
    await results.storeResult('a', 1, 'STARTED')
    await results.storeResult('a', 2, 'SUCCESS')
    expect(Object.fromEntries(backend.calls)).toEqual({ set: 3 })
    expect(await results.storeResult('a', 3, 'FAILURE')).toMatchObject({ written: false, stored: { result: 2 } })
  })

  it('keeps over SUCCESS alone with Celery’s precedence', async () => {
    const results = new Results({ backend: new MapBackend(), precedence: 'celery' })
    await results.storeResult('a', new Error('no'), 'FAILURE')
    expect(await results.storeResult('a', null, 'STARTED')).toMatchObject({ written: true })
    await results.storeResult('a', 1, 'SUCCESS')
    expect(await results.storeResult('a', null, 'STARTED')).toMatchObject({ written: false })
  })

  it('writes with the expiry of the results, of the call, or none', async () => {
    const backend = new MapBackend({ now: () => 0 })
    await new Results({ backend }).storeResult('a', 1, 'SUCCESS')
    await new Results({ backend }).storeResult('b', 1, 'SUCCESS', { expiresInSeconds: 5 })
    await new Results({ backend, expiresInSeconds: null }).storeResult('c', 1, 'SUCCESS')
    await new Results({ backend, expiresInSeconds: 0 }).storeResult('d', 1, 'SUCCESS')
    const expiries = ['a', 'b', 'c', 'd'].map((id) =>
      backend.entries.get(`celery-task-meta-${id}`)?.expiresAt?.getTime(),
    )
    expect(expiries).toEqual([86_400_000, 5_000, undefined, undefined])
  })

  it('puts the global prefix in front', async () => {
    const backend = new MapBackend()
    await new Results({ backend, globalKeyprefix: 'app' }).storeResult('a', 1, 'SUCCESS')
    expect([...backend.entries.keys()]).toEqual(['app_celery-task-meta-a'])
  })

  it.each(['', 'a\0b', '\ud800'])('refuses the id %j', async (id) => {
    await expect(new Results({ backend: new MapBackend() }).storeResult(id, 1, 'SUCCESS')).rejects.toThrow(TypeError)
  })

  it('refuses what is over the limits before it is sent', async () => {
    const backend = new MapBackend({ limits: { maxValueBytes: 300, maxKeyBytes: 512 } })
    const results = new Results({ backend })
    await expect(results.storeResult('a', 'é'.repeat(200), 'SUCCESS')).rejects.toMatchObject({ code: 'too-large' })
    await expect(results.storeResult('x'.repeat(600), 1, 'SUCCESS')).rejects.toMatchObject({ code: 'too-large' })
    expect(backend.calls.size).toBe(0)
  })

  it('refuses a value that has no form on the wire', async () => {
    const results = new Results({ backend: new MapBackend() })
    await expect(results.storeResult('a', () => 1, 'SUCCESS')).rejects.toThrow(TypeError)
  })

  it('sends the writes of one tick together, each key once', async () => {
    const backend = new MapBackend()
    const results = new Results({ backend: wrap(backend, { guard: undefined }) })
    const ids = ['a', 'b', 'c', 'a']
    const outcomes = await Promise.all(ids.map((id) => results.storeResult(id, 1, 'SUCCESS')))
    expect(outcomes.map(({ written }) => written)).toEqual([true, true, true, false])
    expect(backend.calls.get('bulk')).toBe(1)
  })

  it('gives every write of a batch its own outcome', async () => {
    const backend = new MapBackend()
    const failing = wrap(backend, {
      guard: undefined,
      bulk: {
        set: async (writes) =>
          writes.map(({ key }) => (key.endsWith('b') ? { error: new Error('b') } : { written: true, version: '1' })),
      },
    })
    const results = new Results({ backend: failing })
    const settled = await Promise.allSettled(['a', 'b', 'c'].map((id) => results.storeResult(id, 1, 'SUCCESS')))
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('wakes who waits in this process', async () => {
    const results = new Results({
      backend: wrap(new MapBackend(), { notifications: undefined }),
      pollCeilingMs: 60_000,
    })
    const waited = results.waitFor('a', { timeoutMs: 10_000 })
    await results.storeResult('a', 1, 'SUCCESS')
    expect((await waited).result).toBe(1)
    await results.close()
  })

  it('ends with aborted when its signal says so', async () => {
    const down = wrap(new MapBackend(), {
      guard: { set: () => Promise.reject(new BackendError('unavailable', 'down')) },
    })
    const results = new Results({ backend: down, baseSleepMs: 10_000 })
    const controller = new AbortController()
    const stored = results.storeResult('a', 1, 'SUCCESS', { signal: controller.signal })
    controller.abort()
    await expect(stored).rejects.toMatchObject({ code: 'aborted' })
  })

  it('rejects with disposed after close', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.close()
    await expect(results.storeResult('a', 1, 'SUCCESS')).rejects.toMatchObject({ code: 'disposed' })
    await expect(results.getTaskMeta('a')).rejects.toMatchObject({ code: 'disposed' })
    await expect(results.waitFor('a')).rejects.toMatchObject({ code: 'disposed' })
  })
})

describe('updateState', () => {
  it('stores progress of any state', async () => {
    const results = new Results({ backend: new MapBackend() })
    await results.updateState('a', 'PROGRESS', { done: 3 })
    expect(await results.getTaskMeta('a')).toMatchObject({ status: 'PROGRESS', result: { done: 3 } })
  })

  it('stores only the newest of what comes faster than the store takes', async () => {
    const backend = new MapBackend({ limits: { writesPerSecondPerKey: 20 } })
    const results = new Results({ backend })
    await Promise.all(Array.from({ length: 10 }, (_, n) => results.updateState('a', 'PROGRESS', n)))
    expect(await results.getResult('a')).toBe(9)
    expect(backend.calls.get('guard')).toBe(2)
  })

  it('drops waiting progress when the task is done', async () => {
    const backend = new MapBackend({ limits: { writesPerSecondPerKey: 0.001 } })
    const results = new Results({ backend })
    await results.updateState('a', 'PROGRESS', 1)
    const late = results.updateState('a', 'PROGRESS', 2)
    await results.markAsDone('a', 3)
    await late
    expect(backend.calls.get('guard')).toBe(2)
    expect(await results.getResult('a')).toBe(3)
  })

  it('stores waiting progress when it closes', async () => {
    const backend = new MapBackend({ limits: { writesPerSecondPerKey: 0.001 } })
    const results = new Results({ backend })
    await results.updateState('a', 'PROGRESS', 1)
    const late = results.updateState('a', 'PROGRESS', 2)
    await results.close()
    await late
    expect(String(backend.entries.get('celery-task-meta-a')?.value)).toContain('"result":2')
  })
})
