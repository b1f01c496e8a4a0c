import { describe, expect, it } from 'vitest'
import { BackendError, type ConnectionFailure, Results, wrap } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'

const failing = (times: number, error: () => Error) => {
  let calls = 0
  return {
    count: () => calls,
    run: async () => {
      calls += 1
      if (calls <= times) throw error()
      return calls
    },
  }
}
const unavailable = (): Error => new BackendError('unavailable', 'down')
const uncertain = (): Error => new BackendError('uncertain', 'lost')
const passing = (): Error => Object.assign(new Error('passing'), { name: 'PassingError' })
const brokenHook = (): never => {
  throw new Error('hook')
}

describe('ensure', () => {
  it('tries again until it works', async () => {
    const results = new Results({ backend: new MapBackend(), baseSleepMs: 0 })
    expect(await results.ensure(failing(3, unavailable).run)).toBe(4)
  })

  it('gives up after maxRetries', async () => {
    const results = new Results({ backend: new MapBackend(), baseSleepMs: 0, maxRetries: 2 })
    const operation = failing(9, unavailable)
    await expect(results.ensure(operation.run)).rejects.toMatchObject({ code: 'unavailable' })
    expect(operation.count()).toBe(3)
  })

  it('does not try again when alwaysRetry is off', async () => {
    const operation = failing(1, unavailable)
    await expect(new Results({ backend: new MapBackend(), alwaysRetry: false }).ensure(operation.run)).rejects.toThrow(
      'down',
    )
    expect(operation.count()).toBe(1)
  })

  it.each(['misconfigured', 'conflict', 'too-large', 'unreadable', 'unsupported', 'disposed'] as const)(
    'never retries %s',
    async (code) => {
      const operation = failing(1, () => new BackendError(code, code))
      await expect(new Results({ backend: new MapBackend() }).ensure(operation.run)).rejects.toMatchObject({ code })
      expect(operation.count()).toBe(1)
    },
  )

  it('retries uncertain only where that is idempotent', async () => {
    const results = new Results({ backend: new MapBackend(), baseSleepMs: 0 })
    expect(await results.ensure(failing(1, uncertain).run)).toBe(2)
    await expect(results.ensure(failing(1, uncertain).run, { idempotent: false })).rejects.toThrow('lost')
  })

  it('asks exceptionSafeToRetry about errors without a code', async () => {
    const results = new Results({ backend: new MapBackend(), baseSleepMs: 0 })
    expect(await results.ensure(failing(1, passing).run)).toBe(2)
    await expect(results.ensure(failing(1, () => new Error('lasting')).run)).rejects.toThrow('lasting')
  })

  it('waits with full jitter within a doubling bound, which onConnectionError sees and may change', async () => {
    const failures: ConnectionFailure[] = []
    const results = new Results({
      backend: new MapBackend(),
      maxSleepMs: 40,
      onConnectionError: (failure) => {
        failures.push(failure)
        return 0
      },
    })
    await results.ensure(failing(5, unavailable).run)
    expect(failures.map(({ retry }) => retry)).toEqual([1, 2, 3, 4, 5])
    for (const { retry, waitMs } of failures) expect(waitMs).toBeLessThanOrEqual(Math.min(40, 10 * 2 ** retry))
    expect(results.retryPolicy).toEqual({ alwaysRetry: true, maxRetries: 20, baseSleepMs: 10, maxSleepMs: 40 })
  })

  it('outlives a hook that fails', async () => {
    const results = new Results({ backend: new MapBackend(), baseSleepMs: 0, onConnectionError: brokenHook })
    expect(await results.ensure(failing(1, unavailable).run)).toBe(2)
  })

  it('ends with aborted while it waits', async () => {
    const controller = new AbortController()
    const results = new Results({ backend: new MapBackend(), onConnectionError: () => 60_000 })
    const operation = results.ensure(failing(1, unavailable).run, { signal: controller.signal })
    setImmediate(() => controller.abort())
    await expect(operation).rejects.toMatchObject({ code: 'aborted' })
  })

  it('covers reading and storing', async () => {
    const backend = new MapBackend()
    const [reads, writes] = [failing(2, unavailable), failing(2, unavailable)]
    const flaky = wrap(backend, {
      get: async (key) => (await reads.run(), backend.get(key)),
      guard: { set: async (write) => (await writes.run(), backend.guard.set(write)) },
    })
    const results = new Results({ backend: flaky, baseSleepMs: 0 })
    await results.storeResult('a', 1, 'SUCCESS')
    expect(await results.getResult('a')).toBe(1)
    expect([reads.count(), writes.count()]).toEqual([3, 3])
  })
})
