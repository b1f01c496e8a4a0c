import { describe, expect, it } from 'vitest'
import { BackendError, chain, chord, group, Results, task, TaskError } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'
import { body, calls, ChordRig, numbered, part, told, touches, writesState } from './chord-rig.ts'

async function complete(rig: ChordRig, process = rig.process()) {
  const result = await process.results.apply(numbered(2))
  const parts = rig.broker.take()
  return {
    process,
    result,
    parts,
    finish: async () => {
      for (const message of parts) await process.succeed(message, message.groupIndex)
    },
  }
}

describe('publishing the body', () => {
  it('is tried again by the next sweep when the queue is away, and the parts stay readable', async () => {
    const rig = new ChordRig()
    const { process, parts, finish } = await complete(rig)
    rig.broker.failure = () => new BackendError('unavailable', 'the queue is away')
    await finish()
    expect(await process.results.chords.inspect('c')).toMatchObject({
      state: 'dispatching',
      attempt: 1,
      trouble: 'the queue is away',
      explanation: expect.stringContaining('The last attempt failed: the queue is away'),
    })
    await rig.process().results.chords.sweep()
    expect(await process.results.getMany(parts.map(({ id }) => id))).toMatchObject([{ result: 0 }, { result: 1 }])
    rig.broker.failure = undefined
    await rig.process().results.chords.sweep()
    expect(calls(rig.broker.take())).toEqual([[0, 1]])
    expect(await process.results.chords.inspect('c')).toMatchObject({ state: 'done', attempt: 3 })
    expect(rig.warnings).toHaveLength(2)
  })

  it('fails the body when it can never be', async () => {
    for (const error of [
      new TypeError('no such thing'),
      new BackendError('too-large', 'over the limit'),
      new BackendError('unsupported', 'not here'),
    ]) {
      const rig = new ChordRig()
      const { result, finish } = await complete(rig)
      rig.broker.failure = (messages) => (messages.some((message) => message.task === 'body') ? error : undefined)
      await finish()
      const failure: unknown = await result.get().catch((reason: unknown) => reason)
      expect(failure).toMatchObject({ excType: 'ChordError', excModule: 'celery.exceptions' })
      const [text] = (failure as TaskError).excArgs
      expect(text).toMatch(/^Callback error: (TypeError|BackendError)\('(no such thing|over the limit|not here)'\)$/u)
      expect(rig.keysOf('c')).toEqual(['r:c'])
    }
  })

  it('fails the body when it is a chord whose id another has, and leaves the other alone', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const other = await process.results.apply(numbered(2, 'taken'))
    rig.broker.take()
    const result = await process.results.apply(chord([part.si(1)], chord([part.s()], body, { id: 'taken' })))
    await process.succeed(rig.broker.take()[0], 1)
    expect(rig.broker.messages).toEqual([])
    const { excArgs } = (await process.results.getResult(result.id)) as TaskError
    expect(excArgs[0]).toMatch(/^Callback error: BackendError\('there is a chord (taken|with that id) already/u)
    expect(await process.results.getState(other.id)).toBe('PENDING')
  })

  it('fails the body when it can never be although an attempt before died before it decided anything', async () => {
    const rig = new ChordRig()
    const dying = rig.process()
    const { result, finish } = await complete(rig, dying)
    dying.dieAfter(writesState('dispatching'))
    void finish()
    await rig.time.advance(31_000)
    rig.broker.failure = (messages) =>
      messages.some(({ task: name }) => name === 'body') ? new TypeError('no') : undefined
    const { results } = rig.process()
    await results.chords.sweep()
    expect(await results.getResult(result.id)).toMatchObject({ excArgs: ["Callback error: TypeError('no')"] })
  })

  it('happens again under the same id and with the same values, whenever its process dies', async () => {
    for (const state of ['dispatching', 'published', 'done']) {
      for (const when of ['dieBefore', 'dieAfter'] as const) {
        const rig = new ChordRig()
        const dying = rig.process()
        const { result, finish, parts } = await complete(rig, dying)
        dying[when](writesState(state))
        void finish()
        await rig.time.advance(31_000)
        const process = rig.process()
        // A part that comes again with another value changes nothing.
        await process.succeed(parts[0], 'other')
        await process.results.chords.sweep()
        await process.results.chords.sweep()
        const published = rig.broker.take()
        expect(published.length).toBeGreaterThan(0)
        expect(new Set(published.map(({ id }) => id))).toEqual(new Set([result.id]))
        expect(new Set(calls(published).map((args) => JSON.stringify(args)))).toEqual(new Set(['[0,1]']))
        expect(await process.results.chords.inspect('c')).toMatchObject({ state: 'done' })
        expect(rig.keysOf('c')).toEqual(['r:c'])
      }
    }
  })

  it('stops for whoever was overtaken', async () => {
    const rig = new ChordRig()
    const slow = rig.process()
    const { finish } = await complete(rig, slow)
    const goOn = Promise.withResolvers<void>()
    const isDecision = writesState('dispatching')
    let claims = 0
    // It sleeps between reading the values and deciding.
    slow.before = async (call) => {
      if (isDecision(call) && ++claims === 2) await goOn.promise
    }
    const finishing = finish()
    await rig.time.advance(31_000)
    const { results } = rig.process()
    await results.chords.sweep()
    expect(calls(rig.broker.take())).toEqual([[0, 1]])
    goOn.resolve()
    await finishing
    expect(rig.broker.messages).toEqual([])
    expect(await results.chords.inspect('c')).toMatchObject({ state: 'done', attempt: 2 })
  })

  it('is left to others by a process that cannot publish', async () => {
    const rig = new ChordRig()
    const { parts } = await complete(rig)
    const observer = rig.observer()
    for (const message of parts) await observer.succeed(message, message.groupIndex)
    await observer.results.chords.sweep()
    expect(rig.broker.messages).toEqual([])
    expect((await observer.results.chords.inspect('c')).explanation).toBe(
      'All its slots are filled, and the next sweep of a process with a publisher takes it up.',
    )
    await rig.process().results.chords.sweep()
    expect(calls(rig.broker.take())).toEqual([[0, 1]])
  })

  it('passes on what the chord says of its body', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const late = body.s().set({ queue: 'slow', priority: 7, countdownSeconds: 5 }).link(told.si('x'))
    await process.results.apply(chord([part.si(1)], late))
    await process.succeed(rig.broker.take()[0], 1)
    expect(rig.broker.take()).toMatchObject([
      { task: 'body', queue: 'slow', priority: 7, countdownSeconds: 5, callbacks: [{ task: 'told' }] },
    ])
  })

  it('starts all tasks of a body that is a group, and the first of a chain', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(chord([part.si(1)], group([body.s(), body.s()])))
    await process.succeed(rig.broker.take()[0], 1)
    expect(calls(rig.broker.take())).toEqual([[1], [1]])
    await process.results.apply(chord([part.si(1)], chain([body.s(), told.si('x')])))
    await process.succeed(rig.broker.take()[0], 1)
    expect(rig.broker.take()).toMatchObject([{ task: 'body', args: [[1]], chain: [{ task: 'told' }] }])
  })
})

describe('the error path', () => {
  const other = task<(id: string) => void>('other')

  it('starts the error callbacks once, under ids that do not change', async () => {
    const published: string[][] = []
    for (const state of [undefined, 'published', 'done']) {
      const rig = new ChordRig()
      const dying = rig.process()
      if (state !== undefined) dying.dieBefore(writesState(state))
      const failing = body.s().linkError(told.s()).linkError(other.s())
      const result = await dying.results.apply(chord([part.si(1)], failing, { id: 'c' }))
      void dying.fail(rig.broker.take()[0])
      await rig.time.advance(31_000)
      const { results } = rig.process()
      await results.chords.sweep()
      const messages = rig.broker.take()
      expect(new Set(messages.map(({ task: name }) => name))).toEqual(new Set(['told', 'other']))
      expect(messages.every(({ args }) => args[0] === result.id)).toBe(true)
      published.push([...new Set(messages.map(({ id }) => id))])
      expect(await results.getState(result.id)).toBe('FAILURE')
      expect(rig.keysOf('c')).toEqual(['r:c'])
    }
    expect(published[1]).toEqual(published[0])
    expect(published[2]).toEqual(published[0])
    expect(published[0]).toHaveLength(2)
  })

  it('starts error callbacks of every kind, under the same ids again', async () => {
    const [first, second, join] = [task<(id: string) => string>('first'), told, body]
    const published = new Set<string>()
    for (const isDying of [false, true]) {
      const rig = new ChordRig()
      const dying = rig.process()
      if (isDying) dying.dieBefore(writesState('published'))
      const failing = body
        .s()
        .set({ taskId: 'b' })
        .linkError(chain([first.s(), second.s()]))
        .linkError(group([first.s(), second.s()]))
        .linkError(chord([first.s(), first.s()], join))
      await dying.results.apply(chord([part.si(1)], failing, { id: 'c' }))
      void dying.fail(rig.broker.take()[0])
      await rig.time.advance(31_000)
      await rig.process().results.chords.sweep()
      const messages = rig.broker.take()
      expect(messages.every(({ args }) => args[0] === 'b')).toBe(true)
      for (const { task: name, id } of messages) published.add(`${name} ${id}`)
      expect((await rig.observer().results.chords.inspect('c')).state).toBe('done')
    }
    expect([...published].map((name) => name.split(' ')[0])).toEqual(['first', 'first', 'told', 'first', 'first'])
  })

  it('says in Celery’s words what went wrong, and keeps the reason', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const result = await process.results.apply(chord([part.si(1)], body))
    const [only] = rig.broker.take()
    const python = new TaskError({ excType: 'KeyError', excModule: 'builtins', excArgs: ['k', 1, null, true] })
    await process.fail(only, python)
    const meta = await process.results.getTaskMeta(result.id)
    expect(meta.result).toMatchObject({
      excType: 'ChordError',
      excModule: 'celery.exceptions',
      excArgs: [`Dependency ${only?.id} raised KeyError('k', 1, None, True)`],
    })
    expect(meta.traceback).toContain("KeyError('k', 1, None, True)")
  })

  it('fails each task of a body that is a group, with the reason itself', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const both = group([body.s().set({ taskId: 'x' }), body.s().set({ taskId: 'y' })])
    await process.results.apply(chord([part.si(1)], both.linkError(told.s())))
    await process.fail(rig.broker.take()[0], new RangeError('boom'))
    expect(rig.broker.take()).toMatchObject([{ task: 'told' }])
    const metas = await process.results.getMany(['x', 'y'])
    expect(metas).toMatchObject([
      { status: 'FAILURE', result: { excType: 'ValueError', excArgs: ['boom'] } },
      { status: 'FAILURE', result: { excType: 'ValueError', excArgs: ['boom'] } },
    ])
  })

  it('fails every step of a body that is a chain', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const steps = chain([body.s().set({ taskId: 'x' }), body.s().set({ taskId: 'y' })])
    const result = await process.results.apply(chord([part.si(1)], steps))
    await process.fail(rig.broker.take()[0])
    expect(result.id).toBe('y')
    expect((await process.results.getMany(['x', 'y'])).map(({ status }) => status)).toEqual(['FAILURE', 'FAILURE'])
  })

  it('ends although its callbacks can never be published', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const result = await process.results.apply(chord([part.si(1)], body.s().linkError(told.s()), { id: 'c' }))
    const [only] = rig.broker.take()
    rig.broker.failure = () => new TypeError('cannot be sent')
    await process.fail(only)
    expect(await process.results.getState(result.id)).toBe('FAILURE')
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })

  it('leaves the results of the parts that succeeded', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    const result = await process.results.apply(numbered(3))
    const parts = rig.broker.take()
    await process.succeed(parts[0], 'one')
    await process.fail(parts[1])
    await process.succeed(parts[2], 'three')
    expect(await process.results.getState(result.id)).toBe('FAILURE')
    expect(await process.results.getMany(parts.map(({ id }) => id))).toMatchObject([
      { result: 'one' },
      { status: 'FAILURE' },
      { result: 'three' },
    ])
  })
})

describe('a chord where nothing can be published', () => {
  it('cannot be applied', async () => {
    const rig = new ChordRig()
    await expect(rig.observer().results.apply(numbered(1))).rejects.toMatchObject({ code: 'misconfigured' })
    expect(rig.keys).toEqual([])
    const { results } = { results: new Results({ backend: new MapBackend() }) }
    await expect(results.publishChordUnlock({ id: 'g' }, body.s())).rejects.toMatchObject({ code: 'misconfigured' })
  })
})

describe('a decided chord whose values are gone', () => {
  it('ends with an error once nothing can bring them back', async () => {
    const rig = new ChordRig()
    const dying = rig.process()
    const { result, finish } = await complete(rig, dying)
    rig.broker.failure = () => new BackendError('unavailable', 'away')
    await finish()
    await rig.map.delete([...rig.map.entries.keys()].filter((key) => touches('m')({ name: '', keys: [key] })))
    rig.broker.failure = undefined
    const { results } = rig.process()
    await results.chords.sweep()
    expect(await results.chords.inspect('c')).toMatchObject({ state: 'dispatching' })
    for (let day = 0; day < 3; day += 1) {
      await rig.time.advance(86_400_000)
      await results.chords.sweep()
    }
    expect(rig.broker.messages).toEqual([])
    expect(await results.getResult(result.id)).toMatchObject({
      excArgs: ['The results of chord c were gone before its body could be published'],
    })
  })
})
