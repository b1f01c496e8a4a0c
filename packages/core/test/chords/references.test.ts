import { describe, expect, it } from 'vitest'
import { chord, type ChordResults, executeTask, group, task, type TaskMessage } from '../../src/index.ts'
import { all, Broker, ChordRig, part, type Process } from './chord-rig.ts'

const seen: unknown[] = []
const read = task('read', async (values: ChordResults<unknown>) => {
  seen.splice(0, seen.length, values.length, await all(values), await values.at(0), await values.at(-1))
  return values.length
})
const settled = task('settled', async (values: ChordResults<{ readonly status: string }>) => {
  seen.splice(0, seen.length, ...(await all(values)))
})

async function run(process: Process, message: TaskMessage | undefined): Promise<void> {
  if (message === undefined) throw new Error('there is no such message')
  const outcome = await executeTask(message.task === 'read' ? read : settled, message, process.results)
  if (outcome.state === 'FAILURE') throw outcome.error
  await process.results.messageEnded(message)
}

function header(count: number) {
  return Array.from({ length: count }, (_, at) => part.si(at))
}

describe('a body by reference', () => {
  it('is called with a handle that counts, indexes and streams', async () => {
    const rig = new ChordRig()
    const process = rig.process({ chordFanOut: 4 })
    const result = await process.results.apply(chord(header(20), read, { id: 'c', results: 'reference' }))
    for (const message of rig.broker.take()) await process.succeed(message, message.groupIndex)
    const [message] = rig.broker.take()
    expect(message?.args).toEqual([{ 'arpeggio-chord': 'c', size: 20, policy: 'waitAll' }])
    await run(process, message)
    expect(seen).toEqual([20, Array.from({ length: 20 }, (_, at) => at), 0, 19])
    expect(await result.get()).toBe(20)
  })

  it('can ask for any slot, and for none that is not there', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(chord(header(3), read, { id: 'c', results: 'reference' }))
    for (const message of rig.broker.take()) await process.succeed(message, `value ${message.groupIndex}`)
    const [message] = rig.broker.take()
    const request = { id: '', task: 'read', kwargs: {}, args: message?.args ?? [] }
    const values = process.results.bodyArgs(request)[0] as ChordResults<unknown> // what a reference becomes
    const ask = async (index: number): Promise<unknown> => await values.at(index)
    expect(await Promise.all([1, -1, -3, 3, -4, 0.5, Number.NaN].map(ask))).toEqual([
      'value 1',
      'value 2',
      'value 0',
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('reads large values from their own keys', async () => {
    const rig = new ChordRig()
    const process = rig.process({ chordInlineBytes: 100 })
    await process.results.apply(chord(header(2), read, { id: 'c', results: 'reference' }))
    const long = 'x'.repeat(1_000)
    for (const message of rig.broker.take()) await process.succeed(message, `${long}${message.groupIndex}`)
    await run(process, rig.broker.take()[0])
    expect(seen).toEqual([2, [`${long}0`, `${long}1`], `${long}0`, `${long}1`])
  })

  it('gets settled entries where failures count as well', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const options = { id: 'c', results: 'reference', policy: 'collect', deadlineSeconds: 60 } as const
    await process.results.apply(chord(header(3), settled, options))
    const parts = rig.broker.take()
    await process.succeed(parts[0], 'fine')
    await process.fail(parts[1])
    await rig.time.advance(60_001)
    await process.results.chords.sweep()
    const [message] = rig.broker.take()
    expect(message?.args).toEqual([{ 'arpeggio-chord': 'c', size: 3, policy: 'collect', missing: [2] }])
    await process.succeed(parts[2], 'too late')
    await run(process, message)
    expect(seen).toMatchObject([{ status: 'SUCCESS', result: 'fine' }, { status: 'FAILURE' }, { status: 'PENDING' }])
  })

  it('fails as any other when a part has failed, told by its lowest slot', async () => {
    const rig = new ChordRig()
    const process = rig.process({ chordFanOut: 2 })
    const result = await process.results.apply(chord(header(9), read, { id: 'c', results: 'reference' }))
    const parts = rig.broker.take()
    for (const message of parts) {
      if ([5, 7].includes(message.groupIndex ?? 0)) await process.fail(message)
      else await process.succeed(message, 1)
    }
    await expect(result.get()).rejects.toMatchObject({
      excArgs: [`Dependency ${parts[5]?.id} raised ValueError('boom')`],
    })
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })

  it('keeps what it reads until it has ended, and not longer', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(chord(header(2), read, { id: 'c', results: 'reference' }))
    for (const message of rig.broker.take()) await process.succeed(message, 1)
    await process.results.chords.sweep()
    expect(await process.results.chords.inspect('c')).toMatchObject({
      state: 'published',
      explanation: 'Its body has been published; it is kept until the body has ended.',
    })
    expect(rig.keysOf('c')).toEqual(['h:c:0', 'm:c:0:0', 'm:c:0:1', 'r:c'])
    await run(process, rig.broker.take()[0])
    expect(rig.keysOf('c')).toEqual(['r:c'])
    expect((await process.results.chords.inspect('c')).state).toBe('done')
  })

  it('is cleaned up by a sweep when nobody tells of its end', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(chord(header(1), read, { id: 'c', results: 'reference' }))
    await process.succeed(rig.broker.take()[0], 1)
    const [message] = rig.broker.take()
    await process.results.markAsDone(message?.id ?? '', 1)
    await rig.process().results.chords.sweep()
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })

  it('says that its results are gone when it runs once more after its end', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(chord(header(2), read, { id: 'c', results: 'reference' }))
    for (const message of rig.broker.take()) await process.succeed(message, 1)
    const [message] = rig.broker.take()
    await run(process, message)
    await expect(run(process, message)).rejects.toMatchObject({ code: 'expired' })
  })

  it('does not lose the slot of a part that was slow to look, when another has published meanwhile', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(chord(header(2), read, { id: 'c', results: 'reference' }))
    const [first, second] = rig.broker.take()
    const slow = rig.process()
    const goOn = Promise.withResolvers<void>()
    slow.before = async ({ name, keys }) => {
      if (name === 'get' && keys[0]?.endsWith('r:c')) await goOn.promise
    }
    const returning = slow.succeed(first, 'first')
    await rig.time.settle()
    await process.succeed(second, 'second')
    const [message] = rig.broker.take()
    goOn.resolve()
    await returning
    await run(process, message)
    expect(seen).toEqual([2, ['first', 'second'], 'first', 'second'])
  })

  it('has what the slots hold at each task of a body that is a group', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const both = group([read.s(), read.s()])
    await process.results.apply(chord(header(2), both, { id: 'c', results: 'reference' }))
    for (const message of rig.broker.take()) await process.succeed(message, message.groupIndex)
    const messages = rig.broker.take()
    expect(messages).toHaveLength(2)
    await run(process, messages[0])
    expect(rig.keysOf('c')).toHaveLength(4)
    await run(process, messages[1])
    expect(seen).toEqual([2, [0, 1], 0, 1])
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })

  it('is what the tasks of a chord get that is the body', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const inner = chord(
      [read.s(), read.s()],
      task('end', (values: readonly number[]) => values),
    )
    await process.results.apply(chord(header(2), inner, { id: 'c', results: 'reference' }))
    for (const message of rig.broker.take()) await process.succeed(message, message.groupIndex)
    const messages = rig.broker.take()
    expect(messages.map((message) => message.task)).toEqual(['read', 'read'])
    for (const message of messages) await run(process, message)
    expect(seen).toEqual([2, [0, 1], 0, 1])
  })

  it('is done when it has ended without a result', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(
      chord(header(1), read.s().set({ ignoreResult: true }), { id: 'c', results: 'reference' }),
    )
    await process.succeed(rig.broker.take()[0], 1)
    await run(rig.process(), rig.broker.take()[0])
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })

  it('reads the same over a queue that forgets', async () => {
    const rig = new ChordRig()
    const queue = new Broker({ durable: false })
    const process = rig.process({ publisher: queue })
    await process.results.apply(chord(header(2), read, { id: 'c', results: 'reference' }))
    for (const message of queue.take()) await process.succeed(message, message.groupIndex)
    await run(process, queue.take()[0])
    expect(seen).toEqual([2, [0, 1], 0, 1])
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })
})
