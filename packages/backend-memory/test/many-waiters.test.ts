import { type Backend, BackendError, Results, wrap } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { MemoryBackend, MemoryStore } from '../src/index.ts'

const nothingHeld = { waiters: 0, ids: 0, subscriptions: 0, timers: 0 }
const ids = Array.from({ length: 10_000 }, (_, index) => `task-${index}`)

/** What waiting asks of the store. */
interface Asked {
  keysRead: number
  revisions: number
}

function counting(backend: MemoryBackend, asked: Asked): Backend {
  return wrap(backend, {
    get: (key, options) => {
      asked.keysRead += 1
      return backend.get(key, options)
    },
    mget: (keys, options) => {
      asked.keysRead += keys.length
      return backend.mget(keys, options)
    },
    revision: {
      get: (options) => {
        asked.revisions += 1
        return backend.revision.get(options)
      },
    },
  })
}

describe('10,000 waiters on 10,000 ids', () => {
  it('are woken by another handle without a single poll, and leave nothing behind', async () => {
    const asked: Asked = { keysRead: 0, revisions: 0 }
    const store = new MemoryStore()
    await using mine = new Results({ backend: counting(new MemoryBackend({ store }), asked) })
    await using theirs = new Results({ backend: new MemoryBackend({ store }) })
    expect(mine.waits).toEqual(nothingHeld)
    const values = Promise.all(ids.map((id) => mine.result<number>(id).get({ timeoutMs: 60_000 })))
    await expect
      .poll(() => mine.waits, { timeout: 60_000 })
      .toMatchObject({ waiters: ids.length, subscriptions: ids.length })
    // Once before they were subscribed, and once after that.
    await expect.poll(() => asked.keysRead, { timeout: 60_000 }).toBe(2 * ids.length)
    // One for all timeouts and one for the safety read; a poller would need a third.
    expect(mine.waits.timers).toBe(2)

    await Promise.all(ids.map((id, index) => theirs.markAsDone(id, index)))
    expect(await values).toEqual([...ids.keys()])
    expect(asked).toEqual({ keysRead: 2 * ids.length, revisions: 0 })
    await expect.poll(() => mine.waits).toEqual(nothingHeld)
  })

  it('leave nothing behind when half of them are abandoned and the others time out', async () => {
    const controller = new AbortController()
    await using results = new Results({ backend: new MemoryBackend() })
    const waits = ids.map((id, index) =>
      results.result(id).get(index % 2 === 0 ? { signal: controller.signal } : { timeoutMs: 100 }),
    )
    const ends = Promise.allSettled(waits)
    expect(results.waits).toMatchObject({ waiters: ids.length, ids: ids.length })
    controller.abort()
    const codes = (await ends).map((end) =>
      end.status === 'rejected' && BackendError.is(end.reason) ? end.reason.code : end.status,
    )
    expect(codes).toEqual(ids.map((_, index) => (index % 2 === 0 ? 'aborted' : 'timeout')))
    await expect.poll(() => results.waits).toEqual(nothingHeld)
  })
})
