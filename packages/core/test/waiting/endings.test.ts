import { describe, expect, it } from 'vitest'
import { BackendError, type BackendErrorCode } from '../../src/index.ts'
import { endOf, ids, nothingHeld, polled, silent, WaitingRig } from './waiting-rig.ts'

const ways = [
  { way: 'notifications', show: undefined },
  { way: 'polling', show: polled },
] as const

describe.each(ways)('the end of a wait with $way', ({ show }) => {
  const shown = show === undefined ? {} : { show }

  it('[A1] [A3] is a timeout when nothing comes in time, and says what was wrong last', async () => {
    const rig = new WaitingRig({
      ...shown,
      onRead: () => {
        throw new BackendError('unavailable', 'not now')
      },
    })
    const wait = rig.waiting.untilReady('a', { timeoutMs: 1 })
    const end = endOf(wait)
    await rig.time.advance(1)
    expect(await end).toMatchObject({ code: 'timeout', cause: { code: 'unavailable' } })
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('is the default timeout when none is given', async () => {
    const rig = new WaitingRig({ ...shown, defaultTimeoutMs: 1_000 })
    const end = endOf(rig.waiting.untilReady('a'))
    await rig.time.advance(999)
    expect(rig.waiting.counts.waiters).toBe(1)
    await rig.time.advance(1)
    expect(await end).toMatchObject({ code: 'timeout' })
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('comes after one read when the timeout is 0', async () => {
    const rig = new WaitingRig(shown)
    await rig.store('b')
    const [a, b, c] = await Promise.allSettled(
      ['a', 'b', 'c'].map((id) => rig.waiting.untilReady(id, { timeoutMs: 0 })),
    )
    expect(a).toMatchObject({ status: 'rejected', reason: { code: 'timeout' } })
    expect(b).toMatchObject({ status: 'fulfilled', value: { taskId: 'b' } })
    expect(c).toMatchObject({ status: 'rejected' })
    expect(rig.reads).toEqual([3])
    expect(rig.map.calls.get('open')).toBeUndefined()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('is a timeout after one read that fails for now, and the error of one that always will', async () => {
    let code: BackendErrorCode = 'unavailable'
    const rig = new WaitingRig({
      ...shown,
      onRead: () => {
        throw new BackendError(code, 'no')
      },
    })
    await expect(rig.waiting.untilReady('a', { timeoutMs: 0 })).rejects.toMatchObject({ code: 'timeout' })
    code = 'misconfigured'
    await expect(rig.waiting.untilReady('a', { timeoutMs: 0 })).rejects.toMatchObject({ code })
  })

  it.each([-1, NaN, -Infinity, '5' as unknown as number])('is a TypeError for the timeout %s', async (timeoutMs) => {
    const rig = new WaitingRig(shown)
    await expect(rig.waiting.untilReady('a', { timeoutMs })).rejects.toBeInstanceOf(TypeError)
    expect(() => rig.waiting.watch('a', { timeoutMs })).toThrow(TypeError)
    expect(() => rig.waiting.asCompleted(['a'], { timeoutMs })).toThrow(TypeError)
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('has no limit for the timeout Infinity', async () => {
    const rig = new WaitingRig({ ...shown, safetyReadMs: 1e9, pollCeilingMs: 1e9 })
    const wait = rig.waiting.untilReady('a', { timeoutMs: Infinity })
    await rig.time.advance(1e11)
    expect(rig.waiting.counts.waiters).toBe(1)
    await rig.store('a')
    await rig.time.advance(2e9)
    expect((await wait).taskId).toBe('a')
  })

  it('comes at once for a signal that was aborted before', async () => {
    const rig = new WaitingRig(shown)
    const signal = AbortSignal.abort('enough')
    await expect(rig.waiting.untilReady('a', { signal })).rejects.toMatchObject({ code: 'aborted', cause: 'enough' })
    expect(rig.reads).toEqual([])
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('comes when the signal is aborted, for all who share it and nobody else', async () => {
    const rig = new WaitingRig(shown)
    const controller = new AbortController()
    const { signal } = controller
    const waits = ids(1_000).map((id) => rig.waiting.untilReady(id, { signal }))
    const other = rig.waiting.untilReady('id-0')
    const single = rig.waiting.untilReady('id-1', { signal, timeoutMs: 0 })
    controller.abort(new Error('enough'))
    for (const end of await Promise.allSettled([...waits, single]))
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'aborted', cause: { message: 'enough' } } })
    expect(rig.waiting.counts).toMatchObject({ waiters: 1, ids: 1 })
    await rig.store('id-0')
    await rig.time.advance(500)
    expect((await other).taskId).toBe('id-0')
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('is a timeout for what was removed before anybody saw it', async () => {
    const rig = new WaitingRig(shown)
    await rig.store('a')
    await rig.remove('a')
    const end = endOf(rig.waiting.untilReady('a', { timeoutMs: 5_000 }))
    await rig.time.advance(5_000)
    expect(await end).toMatchObject({ code: 'timeout' })
  })

  it('is not-found for what was seen and then removed by anybody', async () => {
    const rig = new WaitingRig(shown)
    await rig.store('a', 'STARTED')
    const end = endOf(rig.waiting.untilReady('a'))
    await rig.time.advance(100)
    await rig.remove('a')
    await rig.time.advance(500)
    expect(await end).toMatchObject({ code: 'not-found' })
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('stays what it was when the result is removed afterwards', async () => {
    const rig = new WaitingRig(shown)
    await rig.store('a', 'SUCCESS', 1)
    const wait = rig.waiting.untilReady('a')
    await rig.time.advance(5)
    await rig.remove('a')
    expect((await wait).result).toBe(1)
  })

  it('is not-found at once for what this process forgets, seen or not', async () => {
    const rig = new WaitingRig(shown)
    await rig.store('a', 'STARTED')
    const waits = [rig.waiting.untilReady('a'), rig.waiting.untilReady('b')]
    await rig.time.settle()
    rig.waiting.forgotten('a')
    rig.waiting.forgotten('b')
    rig.waiting.forgotten('c')
    for (const end of await Promise.allSettled(waits)) expect(end).toMatchObject({ reason: { code: 'not-found' } })
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('is expired for what was seen and is gone past its expiry', async () => {
    const rig = new WaitingRig(shown)
    await rig.store('a', 'STARTED', null, 60)
    const end = endOf(rig.waiting.untilReady('a'))
    await rig.time.advance(91_000)
    expect(await end).toMatchObject({ code: 'expired' })
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('is disposed for everybody when the results are closed, and for whoever comes later', async () => {
    const rig = new WaitingRig(shown)
    const waits = ids(100).map((id) => rig.waiting.untilReady(id))
    const iterator = rig.waiting.watch('id-3')[Symbol.asyncIterator]()
    const next = iterator.next()
    const single = rig.waiting.untilReady('id-4', { timeoutMs: 0 })
    const ends = Promise.allSettled([...waits, next, single])
    await rig.waiting.close()
    for (const end of await ends) expect(end).toMatchObject({ reason: { code: 'disposed' } })
    await expect(rig.waiting.untilReady('a')).rejects.toMatchObject({ code: 'disposed' })
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('[A1] does not come from a read that fails for now', async () => {
    let reads = 0
    const rig = new WaitingRig({
      ...shown,
      usesPayload: false,
      onRead: () => {
        reads += 1
        if (reads % 3 === 0) throw reads % 2 === 0 ? new Error('socket closed') : new BackendError('uncertain', 'lost')
      },
    })
    const waits = ids(200).map((id) => rig.waiting.untilReady(id))
    await rig.time.settle()
    for (const id of ids(200)) {
      await rig.store(id)
      await rig.time.settle()
    }
    await rig.time.advance(5_000)
    expect(await Promise.all(waits)).toHaveLength(200)
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it.each(['unreadable', 'too-large'] as const)('comes from a document that is %s, for its id alone', async (code) => {
    const rig = new WaitingRig({
      ...shown,
      onRead: (ids) => {
        if (ids.includes('id-7')) throw new BackendError(code, 'not a result')
      },
    })
    const waits = ids(50).map((id) => rig.waiting.untilReady(id))
    const end = endOf(waits[7])
    await rig.time.settle()
    for (const id of ids(50)) if (id !== 'id-7') await rig.store(id)
    await rig.time.advance(500)
    expect(await end).toMatchObject({ code, cause: { code } })
    expect((await Promise.allSettled(waits)).filter(({ status }) => status === 'fulfilled')).toHaveLength(49)
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('is unreadable for what is no document, in one read with its neighbours', async () => {
    const rig = new WaitingRig(shown)
    await rig.store('b')
    await rig.map.set({ key: rig.keys.task('a'), value: 'nonsense' })
    const [end, b] = await Promise.all([endOf(rig.waiting.untilReady('a')), rig.waiting.untilReady('b')])
    expect(end).toMatchObject({ code: 'unreadable' })
    expect(b.taskId).toBe('b')
    expect(rig.reads).toEqual([2])
  })

  it('is misconfigured when the store refuses our credentials', async () => {
    const rig = new WaitingRig({
      ...shown,
      onRead: () => {
        throw new BackendError('misconfigured', 'wrong password')
      },
    })
    await expect(rig.waiting.untilReady('a')).rejects.toMatchObject({ code: 'misconfigured' })
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('is a TypeError for an id that cannot be one', async () => {
    const rig = new WaitingRig(shown)
    await expect(rig.waiting.untilReady('')).rejects.toBeInstanceOf(TypeError)
    await expect(rig.waiting.watch('')[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(TypeError)
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })
})

describe('the end of a wait while the store cannot be reached', () => {
  it('lets others be read meanwhile', async () => {
    const rig = new WaitingRig({
      show: silent,
      onRead: (ids) => {
        if (ids.includes('a')) throw new BackendError('unavailable', 'its node is away')
      },
    })
    const lost = rig.waiting.untilReady('a', { timeoutMs: 60_000 })
    const end = endOf(lost)
    await rig.time.advance(20_000)
    await rig.store('b')
    const now = rig.time.now()
    expect((await rig.waiting.untilReady('b')).taskId).toBe('b')
    expect(rig.time.now()).toBe(now)
    await rig.time.advance(40_000)
    expect(await end).toMatchObject({ code: 'timeout' })
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })
})
