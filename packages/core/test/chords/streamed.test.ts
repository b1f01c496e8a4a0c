import { describe, expect, it } from 'vitest'
import { chord, type Signature } from '../../src/index.ts'
import { body, calls, ChordRig, part, stuck, touches, writesState } from './chord-rig.ts'

function* counted(count: number, onPull: (at: number) => void = () => undefined): Generator<Signature> {
  for (let at = 0; at < count; at += 1) {
    onPull(at)
    yield part.si(at)
  }
}

async function* failingAfter(count: number): AsyncGenerator<Signature> {
  yield* counted(count)
  throw new Error('the list is broken')
}

function* mixed(): Generator<Signature> {
  yield part.si(0)
  yield chord([part.si(1)], body.s().set({ taskId: 'inner' }))
}

describe('a header that is read meanwhile', () => {
  it('starts its first parts before the 1,001st is asked for', async () => {
    const rig = new ChordRig()
    const startedAt: number[] = []
    const header = counted(2_500, (at) => void (at % 500 === 0 && startedAt.push(rig.broker.messages.length)))
    await rig.process().results.apply(chord(header, body, { id: 'c' }))
    expect(startedAt).toEqual([0, 0, 1_000, 1_000, 2_000])
    expect(rig.broker.take().map(({ groupIndex }) => groupIndex)).toEqual(Array.from({ length: 2_500 }, (_, at) => at))
    expect(rig.keysOf('c')).toEqual(['h:c:0', 'h:c:1000', 'h:c:2000', 'r:c'])
  })

  it('does not keep what a slow source has yielded', async () => {
    const rig = new ChordRig()
    void rig.process().results.apply(chord(stuck([part.si(0), part.si(1)]), body, { id: 'c' }))
    await rig.time.advance(100)
    expect(rig.broker.take()).toHaveLength(2)
  })

  it('is not complete before its end, however many parts have returned', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const end = Promise.withResolvers<void>()
    async function* header() {
      yield part.si(0)
      yield part.si(1)
      await end.promise
    }
    const applied = process.results.apply(chord(header(), body, { id: 'c' }))
    await rig.time.advance(100)
    for (const message of rig.broker.take()) await process.succeed(message, message.groupIndex)
    await process.results.chords.sweep()
    expect(rig.broker.messages).toEqual([])
    end.resolve()
    await applied
    expect(calls(rig.broker.take())).toEqual([[0, 1]])
  })

  it('gives the same ids to the same calls as an array does', async () => {
    const rig = new ChordRig()
    await rig.process().results.apply(chord(counted(3), body, { id: 'c' }))
    const streamed = rig.broker.take().map(({ id }) => id)
    const other = new ChordRig()
    await other.process().results.apply(chord([...counted(3)], body, { id: 'c' }))
    expect(other.broker.take().map(({ id }) => id)).toEqual(streamed)
  })

  it('rejects with the error of its source, and goes on when it is applied again', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    await expect(results.apply(chord(failingAfter(1_200), body, { id: 'c' }))).rejects.toThrow('the list is broken')
    const first = rig.broker.take()
    expect(first).toHaveLength(1_000)
    expect((await results.chords.inspect('c')).state).toBe('open')
    await results.markAsDone(first[7]?.id ?? '', 'known', {
      request: first[7] ?? { id: '', task: '', args: [], kwargs: {} },
    })
    await results.apply(chord(counted(1_500), body, { id: 'c' }))
    const second = rig.broker.take()
    expect(second).toHaveLength(1_499)
    expect(second.some(({ id }) => id === first[7]?.id)).toBe(false)
    expect(await results.chords.inspect('c')).toMatchObject({ state: 'sealed', size: 1_500 })
  })

  it('goes on after its process died at any moment, and has each part once in its slot', async () => {
    const moments = [
      [touches('g'), 3],
      [touches('r'), 3],
      [touches('h'), 1_001],
      [writesState('sealed'), 3],
    ] as const
    for (const [moment, count] of moments) {
      for (const when of ['dieBefore', 'dieAfter'] as const) {
        const rig = new ChordRig()
        const dying = rig.process()
        dying[when](moment)
        void dying.results.apply(chord(counted(count), body, { id: 'c' }))
        await rig.time.advance(100)
        const before = rig.broker.take()
        const process = rig.process()
        for (const message of before) await process.succeed(message, message.groupIndex)
        await process.results.apply(chord(counted(count), body, { id: 'c' }))
        const after = rig.broker.take()
        for (const message of after) {
          if (message.task === 'part') await process.succeed(message, message.groupIndex)
        }
        const bodies = calls([...after, ...rig.broker.take()])
        expect(bodies).toEqual([Array.from({ length: count }, (_, at) => at)])
      }
    }
  })

  it('may have chains, groups and chords in it', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(chord(mixed(), body, { id: 'c' }))
    const [first, second] = rig.broker.take()
    await process.succeed(first, 0)
    await process.succeed(second, 1)
    const [inner] = rig.broker.take()
    expect(inner).toMatchObject({ id: 'inner', group: 'c', groupIndex: 1 })
    await process.succeed(inner, 'inner')
    expect(calls(rig.broker.take())).toEqual([[0, 'inner']])
  })

  it('cannot be read twice for one chord with other members', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    await results.apply(chord(counted(2), body, { id: 'c' }))
    rig.broker.take()
    await expect(results.apply(chord(counted(3), body, { id: 'c' }))).rejects.toMatchObject({ code: 'conflict' })
    expect(rig.broker.take().filter(({ groupIndex }) => groupIndex === 2)).toEqual([])
  })
})
