import { describe, expect, it } from 'vitest'
import { type Backend, type ChangeStream, type Key, wrap } from '../../src/index.ts'
import type { MapBackend } from '../map-backend.ts'
import { ids, meta, nothingHeld, silent, WaitingRig } from './waiting-rig.ts'

interface StreamHooks {
  readonly open?: () => void | Promise<void>
  readonly beforeSubscribe?: () => void | Promise<void>
  readonly subscribed?: () => void | Promise<void>
  readonly unsubscribed?: (keys: readonly Key[]) => void | Promise<void>
}

/** The map's stream with something between its steps; refuses what the contract rules out. */
function hooked(map: MapBackend, hooks: StreamHooks): Backend {
  return wrap(map, {
    revision: undefined,
    notifications: {
      open: async (listener) => {
        await hooks.open?.()
        const stream = await map.notifications.open(listener)
        return strict(stream, hooks)
      },
    },
  })
}

function strict(stream: ChangeStream, hooks: StreamHooks): ChangeStream {
  const held = new Set<Key>()
  return {
    subscribe: async (keys) => {
      for (const key of keys) {
        if (held.has(key)) throw new Error(`${key} was subscribed to twice`)
        held.add(key)
      }
      await hooks.beforeSubscribe?.()
      await stream.subscribe(keys)
      await hooks.subscribed?.()
    },
    unsubscribe: async (keys) => {
      await stream.unsubscribe(keys)
      await hooks.unsubscribed?.(keys)
      for (const key of keys) held.delete(key)
    },
    [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
  }
}

describe('Waiting with notifications', () => {
  it('opens nothing before the first wait and nothing for what is only stored', async () => {
    const rig = new WaitingRig()
    await rig.store('a')
    rig.waiting.stored('a', meta('a'))
    await rig.time.advance(60_000)
    expect(rig.map.calls.get('open')).toBeUndefined()
    expect(rig.reads).toEqual([])
  })

  it('resolves to what is stored already, by one subscribe and one read', async () => {
    const rig = new WaitingRig()
    await rig.store('a', 'SUCCESS', 3)
    expect((await rig.waiting.untilReady('a')).result).toBe(3)
    await rig.time.settle()
    expect(rig.reads).toEqual([1])
    expect(rig.map.calls.get('subscribe')).toBe(1)
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
    expect(rig.reads).toEqual([1])
  })

  it('reads again when a notification is not a complete document', async () => {
    const rig = new WaitingRig({ usesPayload: false })
    const wait = rig.waiting.untilReady('a')
    await rig.time.settle()
    await rig.store('a', 'SUCCESS', 4)
    expect((await wait).result).toBe(4)
    expect(rig.reads).toEqual([1, 1])
  })

  it('wakes at once from what this process stores', async () => {
    const rig = new WaitingRig({ show: silent })
    const wait = rig.waiting.untilReady('a')
    await rig.time.settle()
    rig.waiting.stored('a', meta('a', 'SUCCESS', 5))
    expect((await wait).result).toBe(5)
    expect(rig.reads).toEqual([1])
  })

  it('subscribes to the ids of one tick in one call and reads them in one', async () => {
    const rig = new WaitingRig({ limits: { maxBatchKeys: 20_000 } })
    const waits = ids(10_000).map((id) => rig.waiting.untilReady(id))
    await rig.time.settle()
    expect(rig.map.calls.get('subscribe')).toBe(1)
    expect(rig.reads).toEqual([10_000])
    expect(rig.waiting.counts).toEqual({ waiters: 10_000, ids: 10_000, subscriptions: 10_000, timers: 2 })
    for (const id of ids(10_000)) await rig.store(id)
    await Promise.all(waits)
    await rig.time.settle()
    expect(rig.reads).toEqual([10_000])
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('keeps batches within the limit of the store', async () => {
    const rig = new WaitingRig({ limits: { maxBatchKeys: 300 } })
    const waits = ids(1_000).map((id) => rig.waiting.untilReady(id))
    await rig.time.settle()
    expect(rig.map.calls.get('subscribe')).toBe(4)
    expect(rig.reads).toEqual([300, 300, 300, 100])
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

  it('does nothing between two safety reads', async () => {
    const rig = new WaitingRig({ limits: { maxBatchKeys: 20_000 } })
    const waits = ids(10_000).map((id) => rig.waiting.untilReady(id, { timeoutMs: 3_600_000 }))
    await rig.time.advance(29_999)
    expect(rig.reads).toEqual([10_000])
    await rig.time.advance(60_001)
    expect(rig.reads).toEqual([10_000, 10_000, 10_000, 10_000])
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

  it('rebuilds a stream that fails, with growing pauses, and polls until it stands', async () => {
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

  it('reads everything again once the stream stands again', async () => {
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
