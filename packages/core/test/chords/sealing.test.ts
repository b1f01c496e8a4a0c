import { describe, expect, it } from 'vitest'
import { BackendError, chord, task, type TaskMessage } from '../../src/index.ts'
import {
  body,
  calls,
  ChordRig,
  numbered,
  part,
  type Process,
  type StoreCall,
  touches,
  writesState,
} from './chord-rig.ts'

const header = () => [part.si(0), part.si(1)]

describe('a chord that is applied again', () => {
  it('starts what has not ended, under the same ids', async () => {
    const rig = new ChordRig()
    const first = rig.process()
    const { id } = await first.results.apply(numbered(3))
    const parts = rig.broker.take()
    await first.succeed(parts[1], 1)
    const second = rig.process()
    const again = await second.results.apply(numbered(3))
    expect(again.id).toBe(id)
    const messages = rig.broker.take()
    expect(messages.map((message) => message.id)).toEqual([parts[0]?.id, parts[2]?.id])
    for (const message of messages) await second.succeed(message, message.groupIndex)
    expect(calls(rig.broker.take())).toEqual([[0, 1, 2]])
  })

  it('starts nothing once it is over, and answers with its result', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(numbered(1))
    await process.succeed(rig.broker.take()[0], 0)
    await process.succeed(rig.broker.take()[0], 'total')
    const again = await process.results.apply(numbered(1))
    expect(rig.broker.messages).toEqual([])
    expect(await again.get()).toBe('total')
  })

  it('starts nothing when only the result of its body is left', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const { id } = await process.results.apply(numbered(1))
    const other = new ChordRig()
    const { results } = other.process()
    await results.storeResult(id, 'total', 'SUCCESS')
    expect(await (await results.apply(numbered(1))).get()).toBe('total')
    expect(other.broker.messages).toEqual([])
    expect(other.keys).toEqual([])
  })

  it('records endings that nobody told, and completes', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    await results.apply(numbered(2))
    for (const { id, groupIndex } of rig.broker.take()) await results.storeResult(id, groupIndex, 'SUCCESS')
    await results.apply(numbered(2))
    expect(calls(rig.broker.take())).toEqual([[0, 1]])
  })

  it.each<[string, () => ReturnType<typeof numbered>]>([
    ['other tasks', () => chord([part.si(0), part.si('other')], body, { id: 'c' })],
    ['more tasks', () => chord([...header(), part.si(2)], body, { id: 'c' })],
    [
      'another body',
      () =>
        chord(
          header(),
          task('another', (values: readonly unknown[]) => values),
          { id: 'c' },
        ),
    ],
    ['another policy', () => chord(header(), body, { id: 'c', policy: 'collect' })],
  ])('with %s is a conflict, and starts nothing', async (_, other) => {
    const rig = new ChordRig()
    const { results } = rig.process()
    await results.apply(chord(header(), body, { id: 'c' }))
    rig.broker.take()
    await expect(results.apply(other())).rejects.toMatchObject({ code: 'conflict' })
    expect(rig.broker.messages).toEqual([])
    expect(await results.chords.inspect('c')).toMatchObject({ size: 2, policy: 'waitAll' })
  })

  it('while its header is still being announced is a conflict', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    async function* announcing() {
      yield part.si(0)
      await expect(results.apply(chord([part.si(0)], body, { id: 'c' }))).rejects.toMatchObject({ code: 'conflict' })
    }
    await results.apply(chord(announcing(), body, { id: 'c' }))
  })

  it('by several at once is one chord', async () => {
    const rig = new ChordRig()
    const processes = [rig.process(), rig.process(), rig.process()]
    await Promise.all(processes.map(({ results }) => results.apply(numbered(3))))
    const messages = rig.broker.take()
    expect(new Set(messages.map(({ id }) => id)).size).toBe(3)
    const succeed = async (message: TaskMessage, at: number) =>
      await processes[at % 3]?.succeed(message, message.groupIndex)
    await Promise.all(messages.map(succeed))
    expect(calls(rig.broker.take())).toEqual([[0, 1, 2]])
  })

  it('goes on after its process died at any moment', async () => {
    const moments: readonly ((call: StoreCall) => boolean)[] = [touches('h'), touches('g'), touches('r')]
    for (const moment of moments) {
      for (const when of ['dieBefore', 'dieAfter'] as const) {
        const rig = new ChordRig()
        const dying = rig.process()
        dying[when](moment)
        void dying.results.apply(numbered(2))
        await rig.time.settle()
        expect(rig.broker.messages).toEqual([])
        const process = rig.process()
        await process.results.apply(numbered(2))
        for (const message of rig.broker.take()) await process.succeed(message, message.groupIndex)
        expect(calls(rig.broker.take())).toEqual([[0, 1]])
      }
    }
  })
})

describe('the size of a chord', () => {
  it('is given once: of two that seal it at the same time with other sizes one wins', async () => {
    for (let round = 0; round < 20; round += 1) {
      const rig = new ChordRig()
      const opener = rig.process()
      // An announcement that dies leaves the size to whoever is first.
      opener.dieBefore(writesState('sealed'))
      void opener.results.apply(chord((function* () {})(), body, { id: 'c' }))
      await rig.time.settle()
      const sealers = [rig.process(), rig.process()]
      const seals = await Promise.allSettled(sealers.map(({ results }, at) => results.setChordSize('c', 2 + at)))
      const lost = seals.filter((seal) => seal.status === 'rejected')
      expect(lost).toHaveLength(1)
      expect(lost[0]?.reason).toMatchObject({ code: 'conflict' })
      expect((await rig.process().results.chords.inspect('c')).size).toBe(seals[0]?.status === 'fulfilled' ? 2 : 3)
    }
  })

  it('completes the chord when all parts have returned before', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await unsealed(rig, rig.process())
    for (const message of rig.broker.take()) await process.succeed(message, message.groupIndex)
    expect(rig.broker.messages).toEqual([])
    await process.results.setChordSize('c', 2)
    expect(calls(rig.broker.take())).toEqual([[0, 1]])
  })

  it('is seen by the last part, or sees it: whoever comes second fires', async () => {
    for (const isSealFirst of [true, false]) {
      const rig = new ChordRig()
      await unsealed(rig, rig.process())
      const [first, second] = rig.broker.take()
      const [part, sealer] = [rig.process(), rig.process()]
      await part.succeed(first, 0)
      const slow = isSealFirst ? part : sealer
      const goOn = Promise.withResolvers<void>()
      // Each stops between its write and its look.
      const isLook = isSealFirst
        ? ({ name, keys }: StoreCall) => name === 'get' && keys[0]?.endsWith('r:c') === true
        : ({ name }: StoreCall) => name === 'exists'
      slow.before = async (call) => {
        if (isLook(call)) await goOn.promise
      }
      const returning = part.succeed(second, 1)
      const sealing = sealer.results.setChordSize('c', 2)
      await rig.time.settle()
      goOn.resolve()
      await Promise.all([returning, sealing])
      expect(calls(rig.broker.take())).toEqual([[0, 1]])
    }
  })

  it('cannot be given once the chord has ended', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    await unsealed(rig, rig.process())
    await results.chords.cancel('c')
    const sealing = results.setChordSize('c', 2)
    await expect(sealing).rejects.toSatisfy((error) => BackendError.is(error, 'conflict'))
  })
})

function* announced() {
  yield* header()
}

async function unsealed(rig: ChordRig, process: Process): Promise<void> {
  process.dieBefore(writesState('sealed'))
  void process.results.apply(chord(announced(), body, { id: 'c' }))
  await rig.time.advance(100)
}
