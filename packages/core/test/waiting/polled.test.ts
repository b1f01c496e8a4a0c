import { describe, expect, it } from 'vitest'
import { BackendError, wrap } from '../../src/index.ts'
import { ids, meta, nothingHeld, polled, WaitingRig } from './waiting-rig.ts'

describe('Waiting without notifications', () => {
  it('reads at once and then ever more seldom, up to the ceiling', async () => {
    const times: number[] = []
    const rig = new WaitingRig({ show: polled, onRead: () => void times.push(rig.time.now()) })
    const wait = rig.waiting.untilReady('a')
    await rig.time.advance(10_000)
    expect(times.slice(0, 5)).toEqual([0, 5, 13, 25, 42])
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    expect(Math.max(...pauses)).toBe(500)
    expect(times.length).toBeLessThan(32)
    await rig.store('a')
    await rig.time.advance(500)
    expect((await wait).taskId).toBe('a')
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('keeps to the floor and the ceiling it is given', async () => {
    const times: number[] = []
    const rig = new WaitingRig({
      show: polled,
      limits: { pollFloorMs: 100 },
      pollCeilingMs: 150,
      onRead: () => void times.push(rig.time.now()),
    })
    const wait = rig.waiting.untilReady('a', { timeoutMs: 700 })
    await Promise.all([rig.time.advance(700), expect(wait).rejects.toMatchObject({ code: 'timeout' })])
    expect(times).toEqual([0, 100, 250, 400, 550])
  })

  it('looks often again after progress and after somebody new came', async () => {
    const times: number[] = []
    const rig = new WaitingRig({ show: polled, onRead: () => void times.push(rig.time.now()) })
    const wait = rig.waiting.untilReady('a')
    await rig.time.advance(5_000)
    await rig.store('a', 'STARTED')
    await rig.time.advance(500)
    const seenAt = times.at(-1) ?? 0
    const later = times.filter((time) => time > 5_000)
    expect(later.length).toBeGreaterThan(3)
    expect(seenAt).toBeGreaterThan(5_000)

    await rig.time.advance(5_000)
    times.length = 0
    const now = rig.time.now()
    const other = rig.waiting.untilReady('b')
    await rig.time.advance(5)
    expect(times).toEqual([now, now + 5])
    await Promise.all([rig.store('a'), rig.store('b')])
    await rig.time.advance(500)
    await Promise.all([wait, other])
  })

  it('costs one bulk read for 10,000 waiters of one id', async () => {
    const rig = new WaitingRig({ show: polled })
    const waits = Array.from({ length: 10_000 }, () => rig.waiting.untilReady('a'))
    await rig.time.advance(5)
    expect(rig.reads).toEqual([1, 1])
    await rig.store('a')
    await rig.time.advance(500)
    expect(await Promise.all(waits)).toHaveLength(10_000)
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('costs as many bulk reads as 10,000 ids fill, by one poller', async () => {
    const rig = new WaitingRig({ show: polled, limits: { maxBatchKeys: 1_000 } })
    const waits = ids(10_000).map((id) => rig.waiting.untilReady(id))
    await rig.time.advance(5)
    expect(rig.reads).toHaveLength(20)
    expect(rig.waiting.counts).toEqual({ waiters: 10_000, ids: 10_000, subscriptions: 0, timers: 2 })
    for (const id of ids(10_000)) await rig.store(id)
    await rig.time.advance(500)
    await Promise.all(waits)
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('wakes at once from what this process stores', async () => {
    const rig = new WaitingRig({ show: polled })
    const wait = rig.waiting.untilReady('a')
    await rig.time.advance(5_000)
    const now = rig.time.now()
    rig.waiting.stored('a', meta('a'))
    expect((await wait).taskId).toBe('a')
    expect(rig.time.now()).toBe(now)
  })

  it('asks for the revision first and reads nothing while it stays', async () => {
    const rig = new WaitingRig({ show: (map) => wrap(map, { notifications: undefined }) })
    const wait = rig.waiting.untilReady('a')
    await rig.time.advance(10_000)
    expect(rig.reads).toEqual([1, 1])
    expect(rig.map.calls.get('revision')).toBeGreaterThan(20)
    await rig.store('b')
    await rig.time.advance(500)
    expect(rig.reads).toEqual([1, 1, 1])
    await rig.store('a')
    await rig.time.advance(500)
    expect((await wait).taskId).toBe('a')
  })

  it('reads all the same when the revision cannot be had', async () => {
    const rig = new WaitingRig({
      show: (map) =>
        wrap(map, {
          notifications: undefined,
          revision: { get: () => Promise.reject(new BackendError('unavailable', 'not now')) },
        }),
    })
    const wait = rig.waiting.untilReady('a')
    await rig.time.advance(1_000)
    await rig.store('a')
    await rig.time.advance(500)
    expect((await wait).taskId).toBe('a')
  })

  it('notices an expiry although the revision stays', async () => {
    const rig = new WaitingRig({ show: (map) => wrap(map, { notifications: undefined }) })
    await rig.store('a', 'STARTED', null, 60)
    const wait = rig.waiting.untilReady('a')
    await Promise.all([rig.time.advance(91_000), expect(wait).rejects.toMatchObject({ code: 'expired' })])
  })

  it('survives a store that fails every third read', async () => {
    let reads = 0
    const rig = new WaitingRig({
      show: polled,
      onRead: () => {
        reads += 1
        if (reads % 3 === 0) throw new BackendError('unavailable', 'not now')
      },
    })
    const waits = ids(1_000).map((id) => rig.waiting.untilReady(id))
    for (const id of ids(1_000)) {
      await rig.store(id)
      if (id.endsWith('99')) await rig.time.advance(50)
    }
    await rig.time.advance(5_000)
    expect(await Promise.all(waits)).toHaveLength(1_000)
    expect(reads).toBeGreaterThan(3)
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('never spends more than half of the time on reading', async () => {
    let reading = 0
    const rig = new WaitingRig({
      show: polled,
      onRead: () =>
        new Promise((resolve) => {
          reading += 40
          rig.time.setTimeout(resolve, 40)
        }),
    })
    const controller = new AbortController()
    const wait = rig.waiting.untilReady('a', { signal: controller.signal })
    // Progress all the time would otherwise ask for a read every 5 ms.
    for (let round = 0; round < 50; round += 1) {
      await rig.store('a', `ROUND-${round}`)
      await rig.time.advance(40)
    }
    expect(reading).toBeLessThan(1_100)
    controller.abort()
    await expect(wait).rejects.toMatchObject({ code: 'aborted' })
  })
})
