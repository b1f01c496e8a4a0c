import { describe, expect, it } from 'vitest'
import { BackendError, chord, group } from '../../src/index.ts'
import { all, body, calls, ChordRig, numbered, part, touches, writesState } from './chord-rig.ts'

describe('a sweep', () => {
  it('fires a chord whose last part died before it could look', async () => {
    const rig = new ChordRig()
    const dying = rig.process()
    await dying.results.apply(numbered(2))
    const [first, second] = rig.broker.take()
    await dying.succeed(first, 0)
    dying.dieAfter(touches('m'))
    void dying.succeed(second, 1)
    await rig.time.settle()
    expect(rig.broker.messages).toEqual([])
    const { results } = rig.process()
    expect(await results.chords.sweep()).toMatchObject({ recorded: 0 })
    expect(calls(rig.broker.take())).toEqual([[0, 1]])
  })

  it('fires a chord of several levels whose last part died between two of them', async () => {
    for (let died = 0; died < 6; died += 1) {
      const rig = new ChordRig()
      const dying = rig.process({ chordFanOut: 2 })
      await dying.results.apply(numbered(8))
      const parts = rig.broker.take()
      for (const message of parts.slice(0, 7)) await dying.succeed(message, message.groupIndex)
      let touched = 0
      dying.dieAfter((call) => touches('m')(call) && touched++ === died)
      void dying.succeed(parts[7], 7)
      await rig.time.settle()
      await rig.process({ chordFanOut: 2 }).results.chords.sweep()
      expect(calls(rig.broker.take())).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]])
    }
  })

  it('records the part of a process that died after storing its result', async () => {
    const rig = new ChordRig()
    const dying = rig.process()
    await dying.results.apply(numbered(1))
    const [only] = rig.broker.take()
    dying.dieBefore(touches('m'))
    void dying.succeed(only, { large: 'x'.repeat(10) })
    await rig.time.settle()
    expect(await rig.process().results.chords.sweep()).toMatchObject({ recorded: 1 })
    expect(calls(rig.broker.take())).toEqual([[{ large: 'xxxxxxxxxx' }]])
  })

  it('leaves a chord alone on which somebody works', async () => {
    const rig = new ChordRig()
    const slow = rig.process()
    await slow.results.apply(numbered(1))
    const goOn = Promise.withResolvers<void>()
    const isDecision = writesState('published')
    slow.before = async (call) => {
      if (isDecision(call)) await goOn.promise
    }
    const finishing = slow.succeed(rig.broker.take()[0], 1)
    await rig.time.advance(29_000)
    expect(calls(rig.broker.take())).toEqual([[1]])
    expect(await rig.process().results.chords.sweep()).toMatchObject({ open: 1, resumed: 0 })
    const { explanation } = await rig.observer().results.chords.inspect('c')
    expect(explanation).toMatch(/^[\w-]+ is working on its outcome, alone until 1970-01-01T00:00:30/u)
    goOn.resolve()
    await finishing
    expect(rig.broker.messages).toEqual([])
  })

  it('may happen in any number of processes at once', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    for (let at = 0; at < 10; at += 1) await results.apply(numbered(1, `c${at}`))
    for (const { id, group } of rig.broker.take()) await rig.observer().results.storeResult(id, group, 'SUCCESS')
    const sweepers = Array.from({ length: 4 }, () => rig.process())
    await Promise.all(sweepers.map(({ results }) => results.chords.sweep()))
    const bodies = calls(rig.broker.take())
    expect(bodies).toHaveLength(10)
    expect(new Set(bodies.map((args) => JSON.stringify(args))).size).toBe(10)
  })

  it('happens by itself in a process with a publisher, and not without one', async () => {
    const rig = new ChordRig()
    const dying = rig.process()
    await dying.results.apply(numbered(1))
    const [only] = rig.broker.take()
    dying.dieAfter(touches('m'))
    void dying.succeed(only, 1)
    rig.observer({ sweepSeconds: 15 })
    await rig.time.advance(60_000)
    expect(rig.broker.messages).toEqual([])
    const process = rig.process({ sweepSeconds: 15 })
    await rig.time.advance(20_000)
    expect(calls(rig.broker.take())).toEqual([[1]])
    await process.results.close()
  })

  it('is not held up by a chord that cannot be read, and says so once', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    await results.apply(numbered(1, 'bad'))
    await results.apply(numbered(1, 'good'))
    await rig.map.set({ key: 'arpeggio-chord-r:bad', value: '{"what":"is this?"}' })
    for (const { id } of rig.broker.take()) await results.storeResult(id, 1, 'SUCCESS')
    expect(await results.chords.sweep()).toMatchObject({ recorded: 1, failed: 1 })
    expect(calls(rig.broker.take())).toEqual([[1]])
    expect(await results.chords.sweep()).toMatchObject({ failed: 1 })
    expect(rig.warnings).toHaveLength(1)
    await expect(results.chords.inspect('bad')).rejects.toMatchObject({ code: 'unreadable' })
  })

  it('misses no chord when the store was away while it read the list', async () => {
    for (let failing = 0; failing < 4; failing += 1) {
      const rig = new ChordRig()
      const process = rig.process({ maxRetries: 0 })
      for (let at = 0; at < 12; at += 1) await process.results.apply(numbered(1, `c${at}`))
      for (const { id, group } of rig.broker.take()) await process.results.storeResult(id, group, 'SUCCESS')
      let reads = 0
      process.before = ({ name, keys }) => {
        const isMeant = name === 'mget' && touches('g')({ name, keys }) && reads++ === failing
        if (isMeant) throw new BackendError('unavailable', 'away')
      }
      await expect(process.results.chords.sweep()).rejects.toMatchObject({ code: 'unavailable' })
      await process.results.chords.sweep()
      expect(calls(rig.broker.take())).toHaveLength(12)
    }
  })

  it('finds a chord whose record came long after its entry in the list', async () => {
    const rig = new ChordRig()
    const sweeper = rig.process()
    const late = rig.process()
    const goOn = Promise.withResolvers<void>()
    late.before = async (call) => {
      if (call.name === 'set' && touches('r')(call)) await goOn.promise
    }
    const applying = late.results.apply(numbered(1))
    await rig.time.settle()
    await sweeper.results.chords.sweep()
    await rig.time.advance(150_000)
    expect(await sweeper.results.chords.sweep()).toMatchObject({ open: 0 })
    goOn.resolve()
    await applying
    for (const { id } of rig.broker.take()) await late.results.storeResult(id, 1, 'SUCCESS')
    await sweeper.results.chords.sweep()
    expect(calls(rig.broker.take())).toEqual([[1]])
  })

  it('looks the more seldom at the slots of a chord, the more of them are empty', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(numbered(2_000))
    let looks = 0
    process.before = ({ name, keys }) => void (name === 'exists' && touches('m')({ name, keys }) && (looks += 1))
    await process.results.chords.sweep()
    const once = looks
    await process.results.chords.sweep()
    expect(looks).toBe(once)
    await rig.time.advance(2_001)
    await process.results.chords.sweep()
    expect(looks).toBe(2 * once)
  })

  it('finds chords whose neighbours in the list have expired', async () => {
    const rig = new ChordRig()
    const options = { maxDeadlineSeconds: 600, chordDeadlineSeconds: 600, tombstoneSeconds: 600 }
    const { results } = rig.process(options)
    for (let at = 0; at < 8; at += 1) await results.apply(numbered(1, `early ${at}`))
    await rig.time.advance(1_500_000)
    for (let at = 0; at < 8; at += 1) await rig.process(options).results.apply(numbered(1, `late ${at}`))
    expect(await all(rig.observer(options).results.chords.listOpen())).toHaveLength(8)
  })

  it('forgets an entry that never got a record', async () => {
    const rig = new ChordRig()
    const dying = rig.process()
    dying.dieAfter(touches('g'))
    void dying.results.apply(numbered(1))
    await rig.time.settle()
    const { results } = rig.process()
    expect(await results.chords.sweep()).toMatchObject({ open: 1 })
    await rig.time.advance(121_000)
    expect(await results.chords.sweep()).toMatchObject({ open: 0 })
  })

  it('that is asked for twice at once is one', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    await results.apply(numbered(1))
    const [first, second] = [results.chords.sweep(), results.chords.sweep()]
    expect(await first).toBe(await second)
  })
})

describe('waiting for a body', () => {
  it('brings its chord on when nobody else does', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const result = await process.results.apply(numbered(1))
    for (const { id } of rig.broker.take()) await process.results.storeResult(id, 1, 'SUCCESS')
    const waiting = result.get({ timeoutMs: 60_000 })
    await rig.time.advance(1_500)
    const [message] = rig.broker.take()
    expect(message).toMatchObject({ task: 'body', args: [[1]] })
    await process.succeed(message, 'total')
    await rig.time.advance(1_000)
    expect(await waiting).toBe('total')
  })

  it('brings its chord on also when the body is a group', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const result = await process.results.apply(chord([part.si(0)], group([body.s(), body.s()])))
    for (const { id } of rig.broker.take()) await process.results.storeResult(id, 1, 'SUCCESS')
    const waiting = result.get({ timeoutMs: 60_000 })
    await rig.time.advance(1_500)
    for (const message of rig.broker.take()) await process.succeed(message, 'total')
    await rig.time.advance(1_000)
    expect(await waiting).toEqual(['total', 'total'])
  })

  it('brings it to its deadline', async () => {
    const rig = new ChordRig()
    const { results } = rig.process()
    const result = await results.apply(chord([part.si(0)], body, { deadlineSeconds: 60 }))
    const waiting = result.get({ timeoutMs: 600_000 }).catch((error: unknown) => error)
    await rig.time.advance(90_000)
    expect(await waiting).toMatchObject({ excType: 'ChordError' })
  })

  it('does no more than wait when it has ended', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const result = await process.results.apply(numbered(1))
    await process.succeed(rig.broker.take()[0], 1)
    await process.succeed(rig.broker.take()[0], 'total')
    expect(await result.get()).toBe('total')
    const before = rig.map.calls.get('get')
    await rig.time.advance(60_000)
    expect(rig.map.calls.get('get')).toBe(before)
  })
})
