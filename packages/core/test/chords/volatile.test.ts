import { afterEach, describe, expect, it } from 'vitest'
import { chord, group, LocalQueue, Results, task, TaskError } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'
import { body, Broker, calls, ChordRig, numbered, part, type Process, told } from './chord-rig.ts'

/** Two parts have returned, and the queue of the process holds the body. */
async function published(rig: ChordRig, ignoreResult = false) {
  const queue = new Broker({ durable: false })
  const process = rig.process({ publisher: queue, chordLeaseSeconds: 30 })
  const end = ignoreResult ? body.s().set({ ignoreResult }) : body.s()
  await process.results.apply(chord([part.si(0), part.si(1)], end, { id: 'c' }))
  for (const message of queue.take()) await process.succeed(message, message.groupIndex)
  const [message] = queue.take()
  if (message === undefined) throw new Error('the body was not published')
  return { queue, process, message }
}

/** Another process with a queue of its own, and the bodies it published. */
async function swept(rig: ChordRig): Promise<readonly unknown[]> {
  const queue = new Broker({ durable: false })
  await rig.process({ publisher: queue }).results.chords.sweep()
  return calls(queue.take())
}

describe('a body in a queue that forgets', () => {
  it('is published again once its process has died, and not while it lives', async () => {
    const rig = new ChordRig()
    const { process } = await published(rig)
    await rig.time.advance(300_000)
    expect(await swept(rig)).toEqual([])
    process.kill()
    await rig.time.advance(29_000)
    const lease = (await rig.observer().results.chords.inspect('c')).lease
    expect(lease?.until.getTime()).toBeGreaterThan(300_000)
    await rig.time.advance(2_000)
    expect(await swept(rig)).toEqual([[0, 1]])
  })

  it('is published again at once after its process has closed', async () => {
    const rig = new ChordRig()
    const { process } = await published(rig)
    await process.results.close()
    await rig.time.advance(1)
    expect(await swept(rig)).toEqual([[0, 1]])
  })

  it('is published again at once when its message was lost', async () => {
    const rig = new ChordRig()
    const { process, message } = await published(rig)
    await process.results.messageLost(message)
    expect(await swept(rig)).toEqual([[0, 1]])
  })

  it('is forgotten when it has ended, with a result or without', async () => {
    for (const ignoreResult of [false, true]) {
      const rig = new ChordRig()
      const { process, message } = await published(rig, ignoreResult)
      expect(rig.keysOf('c').length).toBeGreaterThan(1)
      if (!ignoreResult) await process.succeed(message, 'total')
      await process.results.messageEnded(message)
      expect(rig.keysOf('c')).toEqual(['r:c'])
      await rig.time.advance(60_000)
      expect(await swept(rig)).toEqual([])
    }
  })

  it('is forgotten also when it ended before anybody knew that it was published', async () => {
    const rig = new ChordRig()
    const queue = new Broker({ durable: false })
    const process: Process = rig.process({ publisher: queue })
    await process.results.apply(numbered(1))
    const [only] = queue.take()
    // The queue runs the body while its publishing is still being recorded.
    queue.publish = async ([message]) => {
      if (message !== undefined) await process.results.messageEnded(message)
    }
    await process.succeed(only, 0)
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })

  it('that is a group has ended with its last task', async () => {
    const rig = new ChordRig()
    const queue = new Broker({ durable: false })
    const process = rig.process({ publisher: queue })
    await process.results.apply(chord([part.si(1)], group([body.s(), body.s()]), { id: 'c' }))
    await process.succeed(queue.take()[0], 1)
    const [first, second] = queue.take()
    if (first === undefined || second === undefined) throw new Error('the body was not published')
    await process.results.messageEnded(first)
    expect(rig.keysOf('c').length).toBeGreaterThan(1)
    await process.results.messageEnded(second)
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })

  it('never becomes an error because its process died while it cleaned up', async () => {
    const rig = new ChordRig()
    const { process, message } = await published(rig, true)
    process.dieAfter(({ name }) => name === 'delete')
    void process.results.messageEnded(message)
    await rig.time.settle()
    const { results } = rig.process({ publisher: new Broker({ durable: false }) })
    for (let day = 0; day < 3; day += 1) {
      await rig.time.advance(86_400_000)
      await results.chords.sweep()
    }
    expect(await results.exists(message.id)).toBe(false)
    expect(rig.keysOf('c').filter((key) => key !== 'r:c')).toEqual([])
  })

  it('keeps no key that a durable queue does not need', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(numbered(2))
    for (const message of rig.broker.take()) await process.succeed(message, 1)
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })
})

describe('chords over a LocalQueue', () => {
  const opened: Results[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((results) => results.close()))
  })

  const square = task('square', (value: number) => value * value)
  const sum = task('sum', (values: readonly number[]) => values.reduce((total, value) => total + value, 0))
  const fail = task('fail', (): number => {
    throw new RangeError('no')
  })

  function open(...tasks: ConstructorParameters<typeof LocalQueue>[0]): Results {
    const results = new Results({ backend: new MapBackend(), publisher: new LocalQueue(tasks) })
    opened.push(results)
    return results
  }

  it('run to their typed result', async () => {
    const results = open(square, sum)
    const total: number = await (await results.apply(chord([square.s(3), square.s(4)], sum))).get({ timeoutMs: 5_000 })
    expect(total).toBe(25)
  })

  it('run with a thousand parts, each counted once, and leave a tombstone', async () => {
    const backend = new MapBackend()
    const queue = new LocalQueue([square, sum], { concurrency: 16 })
    const results = new Results({ backend, publisher: queue })
    opened.push(results)
    const header = Array.from({ length: 1_000 }, () => square.s(1))
    expect(await (await results.apply(chord(header, sum, { id: 'c' }))).get({ timeoutMs: 10_000 })).toBe(1_000)
    await queue.drain()
    const left = [...backend.entries.keys()].filter((key) => key.startsWith('arpeggio-chord-'))
    expect(left.map((key) => key.replace(/\d+/gu, '0'))).toEqual(['arpeggio-chord-g:0:0:0', 'arpeggio-chord-r:c'])
  })

  it('fail once for one failed part, and tell it', async () => {
    const heard: string[] = []
    const results = open(
      square,
      fail,
      sum,
      task('told', (id: string) => void heard.push(id)),
    )
    const result = await results.apply(chord([square.s(1), fail.s()], sum.s().linkError(told.s())))
    await expect(result.get({ timeoutMs: 5_000 })).rejects.toBeInstanceOf(TaskError)
    expect(heard).toEqual([result.id])
  })
})
