import { describe, expect, it } from 'vitest'
import { ids, meta, nothingHeld, polled, WaitingRig } from './waiting-rig.ts'

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

describe('Waiting.watch', () => {
  it('yields every state and progress once and ends after a ready one', async () => {
    const rig = new WaitingRig()
    const watching = collect(rig.waiting.watch('a'))
    await rig.time.settle()
    for (const [state, result] of [
      ['STARTED', null],
      ['PROGRESS', { done: 1 }],
      ['PROGRESS', { done: 1 }],
      ['PROGRESS', { done: 2 }],
      ['SUCCESS', 3],
    ] as const) {
      await rig.store('a', state, result)
      rig.map.gap()
      await rig.time.settle()
    }
    expect((await watching).map(({ status, result }) => [status, result])).toEqual([
      ['STARTED', null],
      ['PROGRESS', { done: 1 }],
      ['PROGRESS', { done: 2 }],
      ['SUCCESS', 3],
    ])
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('tells a poller what changes and nothing while nothing does', async () => {
    const rig = new WaitingRig({ show: polled })
    await rig.store('a', 'STARTED')
    const watching = collect(rig.waiting.watch('a'))
    await rig.time.advance(5_000)
    await rig.store('a', 'PROGRESS', 1)
    await rig.time.advance(5_000)
    await rig.store('a')
    await rig.time.advance(500)
    expect((await watching).map(({ status }) => status)).toEqual(['STARTED', 'PROGRESS', 'SUCCESS'])
  })

  it('leaves out what a slow reader cannot take, never the last', async () => {
    const rig = new WaitingRig()
    const iterator = rig.waiting.watch('a')[Symbol.asyncIterator]()
    await rig.store('a', 'STARTED')
    expect((await iterator.next()).value).toMatchObject({ status: 'STARTED' })
    for (let done = 0; done < 1_000; done += 1) await rig.store('a', 'PROGRESS', done)
    await rig.time.settle()
    expect((await iterator.next()).value).toMatchObject({ status: 'PROGRESS', result: 999 })
    await rig.store('a', 'PROGRESS', 1_000)
    await rig.store('a')
    await rig.time.settle()
    expect((await iterator.next()).value).toMatchObject({ status: 'SUCCESS' })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('holds nothing before it is used and nothing after a break', async () => {
    const rig = new WaitingRig()
    await rig.store('a', 'STARTED')
    const states = rig.waiting.watch('a')
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
    for await (const { status } of states) {
      expect(status).toBe('STARTED')
      expect(rig.waiting.counts.waiters).toBe(1)
      break
    }
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('answers a next() that is under way when it is returned from', async () => {
    const rig = new WaitingRig()
    const iterator = rig.waiting.watch('a')[Symbol.asyncIterator]()
    const pending = iterator.next()
    await rig.time.settle()
    await iterator.return?.()
    expect(await pending).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('hands over what it has before it fails, and fails once', async () => {
    const rig = new WaitingRig()
    const iterator = rig.waiting.watch('a', { timeoutMs: 1_000 })[Symbol.asyncIterator]()
    const first = iterator.next()
    await rig.time.settle()
    rig.waiting.stored('a', meta('a', 'STARTED'))
    expect((await first).value).toMatchObject({ status: 'STARTED' })
    rig.waiting.stored('a', meta('a', 'PROGRESS', 1))
    await rig.time.advance(1_000)
    expect(rig.waiting.counts.waiters).toBe(0)
    expect((await iterator.next()).value).toMatchObject({ status: 'PROGRESS' })
    await expect(iterator.next()).rejects.toMatchObject({ code: 'timeout' })
    expect((await iterator.next()).done).toBe(true)
  })

  it('reads once for a timeout of 0', async () => {
    const rig = new WaitingRig()
    await rig.store('a', 'STARTED')
    const iterator = rig.waiting.watch('a', { timeoutMs: 0 })[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toMatchObject({ status: 'STARTED' })
    await expect(iterator.next()).rejects.toMatchObject({ code: 'timeout' })
  })

  it('starts from the present for each of several readers', async () => {
    const rig = new WaitingRig()
    await rig.store('a', 'STARTED')
    const states = rig.waiting.watch('a')
    const first = collect(states)
    await rig.time.settle()
    const second = collect(states)
    await rig.time.settle()
    await rig.store('a')
    const expected = ['STARTED', 'SUCCESS']
    expect((await first).map(({ status }) => status)).toEqual(expected)
    expect((await second).map(({ status }) => status)).toEqual(expected)
  })
})

describe('Waiting.asCompleted', () => {
  it('yields in the order of completion, each id once', async () => {
    const rig = new WaitingRig()
    const completing = collect(rig.waiting.asCompleted(['a', 'b', 'c', 'b']))
    await rig.time.settle()
    for (const id of ['c', 'a', 'b']) {
      await rig.store(id, 'STARTED')
      await rig.store(id)
      await rig.time.settle()
    }
    expect((await completing).map(({ taskId }) => taskId)).toEqual(['c', 'a', 'b'])
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('ends at once for no ids', async () => {
    const rig = new WaitingRig()
    expect(await collect(rig.waiting.asCompleted([]))).toEqual([])
    expect(rig.map.calls.get('open')).toBeUndefined()
  })

  it('takes one read per batch for results that are stored already', async () => {
    const rig = new WaitingRig({ limits: { maxBatchKeys: 1_000 } })
    for (const id of ids(5_000)) await rig.store(id)
    expect(await collect(rig.waiting.asCompleted(ids(5_000)))).toHaveLength(5_000)
    expect(rig.map.calls.get('subscribe')).toBeUndefined()
    expect(rig.reads).toHaveLength(5)
    expect(rig.time.now()).toBe(0)
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('yields what is ready within no time and then times out', async () => {
    const rig = new WaitingRig()
    await rig.store('b')
    const iterator = rig.waiting.asCompleted(['a', 'b'], { timeoutMs: 0 })[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toMatchObject({ taskId: 'b' })
    await expect(iterator.next()).rejects.toMatchObject({ code: 'timeout' })
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })

  it('releases every id after a break, an abort and the failure of one', async () => {
    const rig = new WaitingRig()
    await rig.store('id-5')
    for await (const { taskId } of rig.waiting.asCompleted(ids(100))) {
      expect(taskId).toBe('id-5')
      expect(rig.waiting.counts).toMatchObject({ waiters: 1, ids: 99 })
      break
    }
    const controller = new AbortController()
    const aborted = collect(rig.waiting.asCompleted(ids(100), { signal: controller.signal }))
    await rig.time.settle()
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
    const failing = collect(rig.waiting.asCompleted(ids(100)))
    await rig.time.settle()
    rig.waiting.forgotten('id-9')
    await expect(failing).rejects.toMatchObject({ code: 'not-found' })
    await rig.time.settle()
    expect(rig.waiting.counts).toEqual(nothingHeld)
  })
})
