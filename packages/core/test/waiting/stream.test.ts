import { describe, expect, it } from 'vitest'
import { wrap } from '../../src/index.ts'
import { hooked } from './hooked-stream.ts'
import { endOf, ids, nothingHeld, silent, WaitingRig } from './waiting-rig.ts'

describe('Waiting on a stream', () => {
  describe('loses no result stored', () => {
    const points = ['open', 'beforeSubscribe', 'subscribed', 'onRead', 'onLooked', 'later'] as const
    for (const point of points) {
      it(`at the point ${point}`, async () => {
        let isArmed = true
        const strike = async (here: string): Promise<void> => {
          if (!isArmed || here !== point) return
          isArmed = false
          await rig.store('a', 'SUCCESS', point)
        }
        const rig = new WaitingRig({
          show: (map) =>
            hooked(map, {
              open: () => strike('open'),
              beforeSubscribe: () => strike('beforeSubscribe'),
              subscribed: () => strike('subscribed'),
            }),
          onRead: () => strike('onRead'),
          onLooked: () => strike('onLooked'),
        })
        const wait = rig.waiting.untilReady('a')
        await rig.time.settle()
        await strike('later')
        expect((await wait).result).toBe(point)
        expect(rig.time.now()).toBe(0)
      })
    }

    it('while events are lost, as soon as a gap is told, in batches', async () => {
      const rig = new WaitingRig({ show: silent })
      const waits = ids(1_000).map((id) => rig.waiting.untilReady(id))
      await rig.time.settle()
      for (const id of ids(1_000)) await rig.store(id)
      rig.reads.length = 0
      rig.map.gap()
      const all = await Promise.all(waits)
      expect(all.map(({ taskId }) => taskId)).toEqual(ids(1_000))
      expect(rig.reads).toEqual(Array.from({ length: 10 }, () => 100))
      expect(rig.time.now()).toBe(0)
    })

    it('between the look and the answer of the read after a gap', async () => {
      let isArmed = false
      const rig = new WaitingRig({
        onLooked: async () => {
          if (!isArmed) return
          isArmed = false
          await rig.store('a')
          await rig.time.settle()
        },
      })
      const wait = rig.waiting.untilReady('a')
      await rig.time.settle()
      isArmed = true
      rig.map.gap()
      expect((await wait).taskId).toBe('a')
    })

    it('under gaps between any two of 1,000 stores', async () => {
      const rig = new WaitingRig({ show: silent })
      const waits = ids(1_000).map((id) => rig.waiting.untilReady(id))
      for (const [index, id] of ids(1_000).entries()) {
        if (index % 17 === 0) await rig.time.settle()
        await rig.store(id)
        if (index % 50 === 0) rig.map.gap()
      }
      rig.map.gap()
      await Promise.all(waits)
      expect(rig.time.now()).toBe(0)
      expect(rig.waiting.counts.waiters).toBe(0)
    })

    it('while events are lost and no gap is told, within the safety interval', async () => {
      const rig = new WaitingRig({ show: silent })
      const waits = ids(1_000).map((id) => rig.waiting.untilReady(id))
      await rig.time.settle()
      for (const id of ids(1_000)) await rig.store(id)
      await rig.time.advance(30_000)
      await Promise.all(waits)
      expect(rig.waiting.counts.timers).toBe(0)
    })
  })

  it('[A5] rebuilds a stream that fails, with growing pauses, and polls until it stands', async () => {
    let refusals = 4
    const opened: number[] = []
    const rig = new WaitingRig({
      show: (map) =>
        hooked(map, {
          open: () => {
            opened.push(rig.time.now())
          },
          beforeSubscribe: () => {
            if (refusals-- > 0) throw new Error('connection lost')
          },
        }),
    })
    const first = rig.waiting.untilReady('a')
    await rig.time.advance(10)
    await rig.store('a')
    await rig.time.advance(100)
    expect((await first).taskId).toBe('a')

    const second = rig.waiting.untilReady('b')
    await rig.time.advance(2_000)
    expect(opened).toHaveLength(5)
    rig.reads.length = 0
    await rig.store('b')
    expect((await second).taskId).toBe('b')
    expect(rig.reads).toEqual([])
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('[A5] reads everything again once the stream stands again', async () => {
    let fails = false
    const rig = new WaitingRig({
      show: (map) =>
        hooked(map, {
          beforeSubscribe: () => {
            if (fails) throw new Error('connection lost')
          },
        }),
    })
    const waits = ids(50).map((id) => rig.waiting.untilReady(id))
    await rig.time.settle()
    fails = true
    const another = rig.waiting.untilReady('another')
    await rig.time.settle()
    expect(rig.waiting.counts.subscriptions).toBe(0)
    fails = false
    await rig.time.advance(1_000)
    expect(rig.waiting.counts.subscriptions).toBe(51)
    for (const id of [...ids(50), 'another']) await rig.store(id)
    await Promise.all([...waits, another])
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('waits by polling alone where a stream can never be opened', async () => {
    const rig = new WaitingRig({
      show: (map) =>
        hooked(map, {
          open: () => {
            throw new Error('no permission')
          },
        }),
    })
    const wait = rig.waiting.untilReady('a')
    await rig.time.advance(60_000)
    await rig.store('a')
    await rig.time.advance(500)
    expect((await wait).taskId).toBe('a')
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it.each(['open', 'beforeSubscribe'] as const)(
    'gives up a stream that does not answer at the point %s',
    async (point) => {
      let hangs = true
      const rig = new WaitingRig({
        show: (map) => hooked(map, { [point]: () => (hangs ? new Promise<void>(() => undefined) : undefined) }),
      })
      await rig.store('a')
      const first = rig.waiting.untilReady('a')
      await rig.time.advance(10_000)
      expect((await first).taskId).toBe('a')
      hangs = false
      const second = rig.waiting.untilReady('b')
      await rig.time.advance(100)
      await rig.store('b')
      await second
      await rig.time.settle()
      expect(rig.waiting.counts).toEqual(nothingHeld)
      await rig.waiting.close()
    },
  )

  it('closes although the stream does not answer', async () => {
    const rig = new WaitingRig({
      show: (map) => hooked(map, { beforeSubscribe: () => new Promise<void>(() => undefined) }),
    })
    const end = endOf(rig.waiting.untilReady('a'))
    await rig.time.settle()
    await rig.waiting.close()
    expect(await end).toMatchObject({ code: 'disposed' })
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('closes the stream with itself, even one that is being opened', async () => {
    let disposals = 0
    const rig = new WaitingRig({
      show: (map) =>
        wrap(map, {
          revision: undefined,
          notifications: {
            open: async (listener) => {
              const stream = await map.notifications.open(listener)
              const dispose = async (): Promise<void> => {
                disposals += 1
                await stream[Symbol.asyncDispose]()
              }
              return {
                subscribe: (keys) => stream.subscribe(keys),
                unsubscribe: (keys) => stream.unsubscribe(keys),
                [Symbol.asyncDispose]: dispose,
              }
            },
          },
        }),
    })
    const wait = rig.waiting.untilReady('a')
    await Promise.resolve()
    await Promise.all([rig.waiting.close(), expect(wait).rejects.toMatchObject({ code: 'disposed' })])
    expect(disposals).toBe(rig.map.calls.get('open') ?? 0)
    await rig.waiting.close()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })
})
