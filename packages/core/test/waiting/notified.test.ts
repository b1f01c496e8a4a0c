import { describe, expect, it } from 'vitest'
import { hooked } from './hooked-stream.ts'
import { endOf, ids, meta, nothingHeld, silent, WaitingRig } from './waiting-rig.ts'

describe('Waiting with notifications', () => {
  it('opens nothing before the first wait and nothing for what is only stored', async () => {
    const rig = new WaitingRig()
    await rig.store('a')
    rig.waiting.stored('a', meta('a'))
    await rig.time.advance(60_000)
    expect(rig.map.calls.get('open')).toBeUndefined()
    expect(rig.reads).toEqual([])
  })

  it('resolves to what is stored already, by one read and nothing else', async () => {
    const rig = new WaitingRig()
    await rig.store('a', 'SUCCESS', 3)
    expect((await rig.waiting.untilReady('a')).result).toBe(3)
    await rig.time.settle()
    expect(rig.reads).toEqual([1])
    expect(rig.map.calls.get('subscribe')).toBeUndefined()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('hears of a change although the read before it hangs', async () => {
    let looks = 0
    const rig = new WaitingRig({ onRead: () => (++looks === 1 ? new Promise(() => undefined) : undefined) })
    const wait = rig.waiting.untilReady('a')
    await rig.time.advance(1_000)
    await rig.store('a', 'SUCCESS', 4)
    expect((await wait).result).toBe(4)
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('resolves to the document of a task that failed', async () => {
    const rig = new WaitingRig()
    await rig.store('a', 'FAILURE', new RangeError('too far'))
    const { status, result } = await rig.waiting.untilReady('a')
    expect(status).toBe('FAILURE')
    expect(result).toBeInstanceOf(Error)
  })

  it('waits through unready states and wakes from the notification alone', async () => {
    const rig = new WaitingRig()
    const wait = rig.waiting.untilReady('a')
    await rig.store('a', 'STARTED')
    await rig.time.settle()
    await rig.store('a', 'PROGRESS', 50)
    await rig.time.settle()
    await rig.store('a', 'SUCCESS', 4)
    expect((await wait).result).toBe(4)
    expect(rig.reads).toEqual([1, 1])
  })

  it('reads again when a notification is not a complete document', async () => {
    const rig = new WaitingRig({ usesPayload: false })
    const wait = rig.waiting.untilReady('a')
    await rig.time.settle()
    await rig.store('a', 'SUCCESS', 4)
    expect((await wait).result).toBe(4)
    expect(rig.reads).toEqual([1, 1, 1])
  })

  it('wakes at once from what this process stores', async () => {
    const rig = new WaitingRig({ show: silent })
    const wait = rig.waiting.untilReady('a')
    await rig.time.settle()
    rig.waiting.stored('a', meta('a', 'SUCCESS', 5))
    expect((await wait).result).toBe(5)
    expect(rig.reads).toEqual([1, 1])
  })

  it('reads the ids of one tick in one call, subscribes to them in one, and reads them once more', async () => {
    const rig = new WaitingRig({ limits: { maxBatchKeys: 20_000 } })
    const waits = ids(10_000).map((id) => rig.waiting.untilReady(id))
    await rig.time.settle()
    expect(rig.map.calls.get('subscribe')).toBe(1)
    expect(rig.reads).toEqual([10_000, 10_000])
    expect(rig.waiting.counts).toEqual({ waiters: 10_000, ids: 10_000, subscriptions: 10_000, timers: 2 })
    for (const id of ids(10_000)) await rig.store(id)
    await Promise.all(waits)
    await rig.time.settle()
    expect(rig.reads).toEqual([10_000, 10_000])
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('keeps batches within the limit of the store', async () => {
    const rig = new WaitingRig({ limits: { maxBatchKeys: 300 } })
    const waits = ids(1_000).map((id) => rig.waiting.untilReady(id))
    await rig.time.settle()
    expect(rig.map.calls.get('subscribe')).toBe(4)
    expect(rig.reads).toEqual([300, 300, 300, 100, 300, 300, 300, 100])
    for (const id of ids(1_000)) await rig.store(id)
    await Promise.all(waits)
  })

  it('serves 100 waiters of one id by one subscription, half of them come after completion', async () => {
    const rig = new WaitingRig()
    const early = Array.from({ length: 50 }, () => rig.waiting.untilReady('a'))
    await rig.time.settle()
    await rig.store('a', 'SUCCESS', 1)
    const late = Array.from({ length: 50 }, () => rig.waiting.untilReady('a'))
    const all = await Promise.all([...early, ...late])
    expect(all.every(({ result }) => result === 1)).toBe(true)
    expect(rig.waiting.counts.waiters).toBe(0)
  })

  it('never subscribes twice, whatever the pace of leaving and coming back', async () => {
    const rig = new WaitingRig({ show: (map) => hooked(map, {}) })
    for (let round = 0; round < 50; round += 1) {
      const controller = new AbortController()
      const wait = rig.waiting.untilReady('a', { signal: controller.signal })
      if (round % 3 > 0) await Promise.resolve()
      if (round % 5 > 0) await rig.time.settle()
      controller.abort()
      await expect(wait).rejects.toMatchObject({ code: 'aborted' })
    }
    const wait = rig.waiting.untilReady('a')
    await rig.time.settle()
    await rig.store('a')
    await wait
    await rig.time.settle()
    expect(rig.map.calls.get('open')).toBe(1)
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('keeps the subscription of an id that somebody waits for again in the same tick', async () => {
    const rig = new WaitingRig({ show: (map) => hooked(map, {}) })
    const controller = new AbortController()
    const end = endOf(rig.waiting.untilReady('a', { signal: controller.signal }))
    await rig.time.settle()
    controller.abort()
    const wait = rig.waiting.untilReady('a')
    expect(await end).toMatchObject({ code: 'aborted' })
    await rig.time.settle()
    expect(rig.waiting.counts.subscriptions).toBe(1)
    expect(rig.map.calls.get('unsubscribe')).toBeUndefined()
    await rig.store('a')
    expect((await wait).taskId).toBe('a')
  })

  it('gives up many subscriptions in few calls', async () => {
    const rig = new WaitingRig({ limits: { maxBatchKeys: 10_000 } })
    const waits = ids(2_000).map((id) => rig.waiting.untilReady(id))
    await rig.time.settle()
    for (const id of ids(2_000)) await rig.store(id)
    await Promise.all(waits)
    await rig.time.settle()
    expect(rig.map.calls.get('unsubscribe')).toBeLessThan(200)
    expect(rig.waiting.counts.subscriptions).toBe(0)
  })

  it('does nothing between two safety reads', async () => {
    const rig = new WaitingRig({ limits: { maxBatchKeys: 20_000 } })
    const waits = ids(10_000).map((id) => rig.waiting.untilReady(id, { timeoutMs: 3_600_000 }))
    await rig.time.advance(29_999)
    const before = rig.reads.length
    await rig.time.advance(60_001)
    expect(rig.reads.slice(before)).toEqual([10_000, 10_000, 10_000])
    await rig.waiting.close()
    expect((await Promise.allSettled(waits)).every(({ status }) => status === 'rejected')).toBe(true)
  })

  it('keeps what is newer than a read that was under way', async () => {
    let release: (() => void) | undefined
    let isHeld = false
    const rig = new WaitingRig({
      onLooked: () => (isHeld ? new Promise<void>((resolve) => (release = resolve)) : undefined),
    })
    const seen: string[] = []
    const watching = (async () => {
      for await (const { status } of rig.waiting.watch('a')) seen.push(status)
    })()
    await rig.time.settle()
    isHeld = true
    rig.map.gap()
    await rig.time.settle()
    isHeld = false
    await rig.store('a', 'STARTED')
    await rig.time.settle()
    release?.()
    await rig.time.settle()
    await rig.store('a')
    await watching
    expect(seen).toEqual(['STARTED', 'SUCCESS'])
  })
})
