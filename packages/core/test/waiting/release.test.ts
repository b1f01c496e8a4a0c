import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { systemScheduler } from '../../src/store/scheduler.ts'
import { Timers } from '../../src/store/timers.ts'
import { ids, meta, nothingHeld, polled, silent, WaitingRig } from './waiting-rig.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void // what the flag adds

function heapBytes(): number {
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().heapUsed
}

function active(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

describe('what waiting holds', () => {
  it('is back at the baseline after 10,000 waits of which half were aborted, and after stores that nobody waits for', async () => {
    const rig = new WaitingRig({ show: silent, limits: { maxBatchKeys: 10_000 } })
    const round = async (): Promise<void> => {
      const controller = new AbortController()
      const waits = ids(10_000).map((id, index) =>
        rig.waiting.untilReady(id, index % 2 === 0 ? {} : { signal: controller.signal }),
      )
      const ends = Promise.allSettled(waits)
      await rig.time.settle()
      controller.abort()
      for (const id of ids(10_000)) rig.waiting.stored(id, meta(id))
      expect((await ends).filter(({ status }) => status === 'fulfilled')).toHaveLength(5_000)
      for (let index = 0; index < 100_000; index += 1) rig.waiting.stored(`other-${index}`, meta('other'))
      await rig.time.settle()
      expect(rig.waiting.counts).toEqual(nothingHeld)
    }
    await round()
    const baseline = heapBytes()
    for (let rounds = 0; rounds < 3; rounds += 1) await round()
    // A wait that is kept takes more than 100 bytes, and 30,000 of them 3 MB; what the engine keeps of its own varies by less than 1 MB.
    expect(heapBytes()).toBeLessThan(baseline + 2_000_000)
  })

  it.each([
    ['notifications', undefined],
    ['polling', polled],
  ] as const)('is nothing after a race over 1,000 waits with %s', async (_way, show) => {
    const rig = new WaitingRig(show === undefined ? {} : { show })
    const controller = new AbortController()
    const waits = ids(1_000).map((id) => rig.waiting.untilReady(id, { signal: controller.signal }))
    const ends = Promise.allSettled(waits)
    await rig.time.settle()
    await rig.store('id-77')
    const race = Promise.race(waits)
    await rig.time.advance(500)
    expect((await race).taskId).toBe('id-77')
    controller.abort()
    await ends
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('is one timer for all timeouts', async () => {
    const rig = new WaitingRig()
    const ends = ids(10_000).map((id, index) => rig.waiting.untilReady(id, { timeoutMs: 1 + (index % 997) }))
    const settled = Promise.allSettled(ends)
    expect(rig.waiting.counts.timers).toBe(2)
    await rig.time.advance(1_000)
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true)
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('[T-34] does not hang on what the garbage collector does, in joins of any size', async () => {
    const rig = new WaitingRig({ limits: { maxBatchKeys: 1_000 } })
    for (const size of [1, 2, 11, 12, 100, 1_000, 5_000]) {
      const members = ids(size).map((id) => `${size}-${id}`)
      const join = Promise.all(members.map((id) => rig.waiting.untilReady(id)))
      await rig.time.settle()
      collectGarbage()
      for (const [index, id] of members.entries()) {
        await rig.store(id)
        if (index % 1_000 === 0) collectGarbage()
      }
      expect((await join).map(({ taskId }) => taskId)).toEqual(members)
    }
    expect(rig.time.now()).toBe(0)
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('does not mix up 10,000 concurrent waits, stores and reads', async () => {
    const rig = new WaitingRig({ limits: { maxBatchKeys: 500 } })
    const waits = ids(10_000).map(async (id, index) => {
      if (index % 3 === 0) await rig.time.settle()
      const wait = rig.waiting.untilReady(id)
      if (index % 2 === 0) await rig.time.settle()
      await rig.store(id, 'SUCCESS', index)
      await rig.map.get(`other-${index}`)
      return wait
    })
    const results = (await Promise.all(waits)).map(({ result }) => result)
    expect(results).toEqual(ids(10_000).map((_, index) => index))
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('keeps the process alive while somebody waits and not longer', () => {
    const timers = new Timers(systemScheduler)
    const before = active()
    const timer = timers.after(60_000, () => undefined)
    expect(active()).toBe(before + 1)
    timer.cancel()
    expect(active()).toBe(before)
    expect(timers.count).toBe(0)
  })
})
