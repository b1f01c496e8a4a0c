import { describe, expect, it } from 'vitest'
import { BackendError, chord, group, task } from '../../src/index.ts'
import { all, body, calls, ChordRig, numbered, part, touches, writesState } from './chord-rig.ts'

async function started(count = 1) {
  const rig = new ChordRig()
  const process = rig.process({ chordFanOut: 2 })
  const result = await process.results.apply(numbered(count))
  return { rig, process, result, parts: rig.broker.take() }
}

describe('adding parts', () => {
  it('is done once for one id', async () => {
    const { rig, process, parts } = await started()
    const { add } = { add: () => process.results.chords.add('c', 'more', [part.si('x'), part.si('y')]) }
    const [first, again] = [await add(), await add()]
    expect(again.map(({ id }) => id)).toEqual(first.map(({ id }) => id))
    const messages = rig.broker.take()
    expect(new Set(messages.map(({ id }) => id)).size).toBe(2)
    expect((await process.results.chords.inspect('c')).size).toBe(3)
    for (const message of [...parts, ...messages]) await process.succeed(message, message.groupIndex)
    expect(calls(rig.broker.take())).toEqual([[0, 1, 2]])
  })

  it('starts nothing again that has ended', async () => {
    const { rig, process } = await started()
    await process.results.chords.add('c', 'more', [part.si('x')])
    await process.succeed(rig.broker.take()[0], 1)
    await process.results.chords.add('c', 'more', [part.si('x')])
    expect(rig.broker.messages).toEqual([])
    expect((await process.results.chords.inspect('c')).missing).toMatchObject([{ slot: 0 }])
  })

  it('with a known id but another number of parts is a conflict', async () => {
    const { process } = await started()
    await process.results.addToChord('c', 'more', ['x'])
    await expect(process.results.addToChord('c', 'more', ['x', 'y'])).rejects.toMatchObject({ code: 'conflict' })
    expect((await process.results.chords.inspect('c')).size).toBe(2)
  })

  it('goes side by side, each with slots of its own', async () => {
    const { rig, process, parts } = await started()
    const other = rig.process()
    const ids = Array.from({ length: 8 }, (_, at) => `add ${at}`)
    const added = await Promise.all(
      ids.map((addId, at) => (at % 2 ? process : other).results.addToChord('c', addId, [`${addId}.1`, `${addId}.2`])),
    )
    expect(added.map(({ first }) => first).toSorted((a, b) => a - b)).toEqual([1, 3, 5, 7, 9, 11, 13, 15])
    const { missing } = await process.results.chords.inspect('c')
    expect(missing.map(({ taskId }) => taskId)).toEqual([
      parts[0]?.id,
      ...added
        .map(({ first }, at) => [first, ids[at]] as const)
        .toSorted(([a], [b]) => a - b)
        .flatMap(([, id]) => [`${id}.1`, `${id}.2`]),
    ])
  })

  it('by the last part keeps the chord open for what was added', async () => {
    const { rig, process, parts } = await started(2)
    await process.succeed(parts[0], 0)
    // As a task does that finds more work while it runs.
    await process.results.chords.add('c', String(parts[1]?.id), [part.si('more')])
    await process.succeed(parts[1], 1)
    const [more] = rig.broker.take()
    expect(rig.broker.messages).toEqual([])
    await process.succeed(more, 2)
    expect(calls(rig.broker.take())).toEqual([[0, 1, 2]])
  })

  it('makes nodes that were full mean nothing', async () => {
    const { rig, process, parts } = await started(3)
    await process.succeed(parts[1], 1)
    await process.succeed(parts[2], 2)
    await process.results.chords.add('c', 'more', [part.si('more')])
    const [more] = rig.broker.take()
    await process.succeed(parts[0], 0)
    expect(rig.broker.messages).toEqual([])
    await process.succeed(more, 3)
    expect(calls(rig.broker.take())).toEqual([[0, 1, 2, 3]])
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })

  it.each(['its look', 'its claim'])('wins over a part that has not come further than %s', async (point) => {
    const { rig, process, parts } = await started(1)
    const slow = rig.process()
    const goOn = Promise.withResolvers<void>()
    const isClaim = writesState('dispatching')
    slow.before = async (call) => {
      if (point === 'its claim' && isClaim(call)) await goOn.promise
    }
    slow.after = async ({ name }) => {
      if (point === 'its look' && name === 'exists') await goOn.promise
    }
    const returning = slow.succeed(parts[0], 0)
    await rig.time.settle()
    await process.results.chords.add('c', 'more', [part.si('more')])
    goOn.resolve()
    await returning
    const [more] = rig.broker.take()
    expect(rig.broker.messages).toEqual([])
    expect((await process.results.chords.inspect('c')).state).toBe('sealed')
    await process.succeed(more, 1)
    expect(calls(rig.broker.take())).toEqual([[0, 1]])
  })

  it('is refused once the chord was claimed', async () => {
    const { rig, process, parts } = await started(1)
    await process.succeed(parts[0], 0)
    expect(rig.broker.take()).toHaveLength(1)
    await expect(process.results.chords.add('c', 'later', [part.si(1)])).rejects.toMatchObject({ code: 'conflict' })
    await expect(process.results.addToChord('c', 'later', ['x'])).rejects.toMatchObject({ code: 'conflict' })
    expect(rig.broker.messages).toEqual([])
  })

  it('is refused while the outcome is being decided, and while a published body still reads', async () => {
    const { rig, process, parts } = await started(1)
    rig.broker.failure = () => new BackendError('unavailable', 'away')
    await process.succeed(parts[0], 0)
    expect((await process.results.chords.inspect('c')).state).toBe('dispatching')
    await expect(process.results.addToChord('c', 'later', ['x'])).rejects.toMatchObject({ code: 'conflict' })
    rig.broker.failure = undefined
    const reader = task('reader', (values: unknown) => values)
    await process.results.apply(chord([part.si(0)], reader, { id: 'r', results: 'reference' }))
    await process.succeed(rig.broker.take()[0], 0)
    expect((await process.results.chords.inspect('r')).state).toBe('published')
    await expect(process.results.addToChord('r', 'later', ['x'])).rejects.toMatchObject({ code: 'conflict' })
  })

  it('is refused before the chord is sealed', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    async function* header() {
      yield part.si(0)
      await expect(results.chords.add('c', 'early', [part.si(1)])).rejects.toMatchObject({ code: 'conflict' })
    }
    await results.apply(chord(header(), body, { id: 'c' }))
    await expect(results.chords.add('unknown', 'x', [part.si(1)])).rejects.toMatchObject({ code: 'not-found' })
    expect((await results.chords.inspect('c')).size).toBe(1)
  })

  it('goes on after its process died at any moment', async () => {
    for (const moment of [
      touches('h'),
      touches('r'),
      ({ keys }: { readonly keys: readonly string[] }) => keys.length > 2,
    ]) {
      for (const when of ['dieBefore', 'dieAfter'] as const) {
        const { rig, process, parts } = await started()
        const dying = rig.process()
        dying[when](moment)
        void dying.results.chords.add('c', 'more', [part.si('x'), part.si('y')])
        await rig.time.settle()
        rig.broker.take()
        await process.results.chords.add('c', 'more', [part.si('x'), part.si('y')])
        for (const message of [...parts, ...rig.broker.take()]) await process.succeed(message, message.groupIndex)
        expect(calls(rig.broker.take())).toEqual([[0, 1, 2]])
      }
    }
  })

  it('takes groups, chords and any name for the adding', async () => {
    const { rig, process, parts } = await started()
    for (const [at, addId] of ['__proto__', 'a:b/c', '', 'toString'].entries()) {
      await process.results.addToChord('c', addId, [`t${at}`])
      expect(await process.results.addToChord('c', addId, [`t${at}`])).toEqual({ first: 1 + at, count: 1 })
    }
    const [both] = await process.results.chords.add('c', 'group', [group([part.si(1), part.si(2)])])
    expect(both?.id).toBeTypeOf('string')
    expect(rig.broker.take().map(({ groupIndex }) => groupIndex)).toEqual([5, 6])
    expect(parts).toHaveLength(1)
    expect((await all(process.results.chords.listOpen()))[0]).toMatchObject({ size: 7 })
  })
})
