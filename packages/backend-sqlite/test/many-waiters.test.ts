import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, BackendError, Results, wrap } from '@arpeggio/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SqliteBackend } from '../src/index.ts'
import { keepCompiled } from './compile-cache.ts'

keepCompiled()

const nothingHeld = { waiters: 0, ids: 0, subscriptions: 0, timers: 0 }
const ids = Array.from({ length: 10_000 }, (_, index) => `task-${index}`)
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arpeggio-sqlite-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

interface Polls {
  count: number
  underWay: number
  atOnce: number
}

/** Every round of a poller begins with the revision. */
function countingPolls(backend: SqliteBackend, polls: Polls): Backend {
  return wrap(backend, {
    revision: {
      get: async (options) => {
        polls.count += 1
        polls.underWay += 1
        polls.atOnce = Math.max(polls.atOnce, polls.underWay)
        try {
          return await backend.revision.get(options)
        } finally {
          polls.underWay -= 1
        }
      },
    },
  })
}

describe('10,000 waiters on 10,000 ids', () => {
  it('are woken by what another process stores, with one poller, and leave nothing behind', async () => {
    const path = join(folder, 'results.db')
    const polls: Polls = { count: 0, underWay: 0, atOnce: 0 }
    const backend = countingPolls(new SqliteBackend({ path }), polls)
    await using results = new Results({ backend })
    const child = fork(new URL('child-process.ts', import.meta.url), ['report', path, 'task-', `${ids.length}`], {
      execArgv: ['--conditions=@arpeggio/source', '--disable-warning=ExperimentalWarning'],
    })
    const exit = once(child, 'exit')
    await Promise.race([once(child, 'message'), exit.then((status) => expect(status).toBe('still at work'))])
    const began = performance.now()
    const values = Promise.all(ids.map((id) => results.result<number>(id).get({ timeoutMs: 120_000 })))
    await expect.poll(() => polls.count).toBeGreaterThan(0)
    expect(results.waits).toMatchObject({ waiters: ids.length, ids: ids.length })
    expect(results.waits.timers).toBeLessThanOrEqual(2) // one for all timeouts, one of the poller

    child.send('go')
    expect(await exit).toEqual([0, null])
    expect(await values).toEqual([...ids.keys()])
    const elapsedMs = performance.now() - began
    expect(polls.atOnce).toBe(1)
    expect(polls.count).toBeLessThan(elapsedMs) // at most one round in a millisecond, however many wait
    await expect.poll(() => results.waits).toEqual(nothingHeld)
  }, 120_000)

  it('leave nothing behind when half of them are abandoned and the others time out', async () => {
    const controller = new AbortController()
    await using results = new Results({ backend: new SqliteBackend({ path: join(folder, 'results.db') }) })
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
