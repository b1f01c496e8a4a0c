import { describe, expect, it } from 'vitest'
import {
  chain,
  chord,
  decodeMessage,
  encodeMessage,
  freeze,
  group,
  signatureFromData,
  task,
  type FrozenChord,
  type Signature,
} from '../../src/index.ts'

const add = task('add', (a: number, b: number) => a + b)
const total = task<(values: readonly unknown[]) => number>('total')
const log = task<(value: unknown) => void>('tasks.log')

function only(signature: Signature<unknown, never>): FrozenChord {
  const { chords, messages } = freeze(signature)
  expect(messages).toEqual([])
  const [frozen] = chords
  if (frozen === undefined) throw new Error('there is no chord')
  return frozen
}

function ids(header: readonly Signature[], id = 'c'): readonly string[] {
  return only(chord(header, log, { id })).headerIds
}

describe('freezing a chord', () => {
  it('gives each part a slot and a stub of the body', () => {
    const frozen = only(chord([add.s(1, 2), add.s(3, 4).set({ taskId: 'given' })], total, { id: 'c' }))
    const stub = { task: 'total', options: { task_id: frozen.bodyIds[0], group_id: 'c', body_of: 'c' } }
    expect(frozen.messages).toMatchObject([
      { id: frozen.headerIds[0], args: [1, 2], group: 'c', groupIndex: 0, chord: stub },
      { id: 'given', args: [3, 4], group: 'c', groupIndex: 1, chord: stub },
    ])
    expect(frozen).toMatchObject({ id: 'c', headerIds: [expect.any(String), 'given'], options: {} })
    expect(frozen).not.toHaveProperty('shape')
  })

  it('names the body and where the results will be', () => {
    const frozen = only(chord([add.s(1, 2)], total, { id: 'c' }).set({ taskId: 'b' }))
    expect(frozen.bodyIds).toEqual(['b'])
    expect(frozen.body).toMatchObject({ task: 'total', options: { task_id: 'b', group_id: 'c', body_of: 'c' } })
    expect(frozen.root).toEqual({ id: 'b', parent: { id: 'c', members: [{ id: frozen.headerIds[0] }] } })
  })

  it('gives an id to a chord that has none, another each time', () => {
    const signature = chord([add.s(1, 2)], total)
    expect(only(signature).id).not.toBe(only(signature).id)
  })

  it('derives ids from the chord, the place and the call', () => {
    const [first, second] = ids([add.s(1, 2), add.s(1, 2)])
    expect(first).not.toBe(second)
    expect(ids([add.s(1, 2)])).toEqual([first])
    expect(ids([add.s(1, 3)])).not.toEqual([first])
    expect(ids([add.s(1, 2).withKwargs({ x: 1 })])).not.toEqual([first])
    expect(ids([add.s(1, 2)], 'other')).not.toEqual([first])
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it.each([
    ['a group', group([add.s(1, 2), add.s(3, 4)]), [1, [1, 1]], 3],
    ['a group of one', group([add.s(1, 2)]), [1, [1]], 2],
    ['an empty group', group([]), [1, []], 1],
    ['a chain', chain([add.s(1, 2), add.s(3)]), undefined, 2],
    ['a chain that ends in a group', chain([add.s(1, 2), group([add.s(3), add.s(4)])]), [1, [1, 1]], 3],
    ['a chord', chord([add.s(1, 2)], total), undefined, 2],
    ['a chord with a group as its body', chord([add.s(1, 2)], group([log.s(), log.s()])), [1, [1, 1]], 3],
    ['a group of groups', group([group([log.si(1)]).set({ taskId: 'g' }), log.si(2)]), [1, [[1], 1]], 3],
  ])('keeps the shape of %s among the parts', (_, member: Signature, shape, slots) => {
    const frozen = only(chord([add.s(1, 2), member], log, { id: 'c' }))
    expect(frozen.shape).toEqual(shape)
    expect(frozen.headerIds).toHaveLength(slots)
    expect(new Set(frozen.headerIds).size).toBe(slots)
  })

  it('lists an inner chord behind the outer, whose slot its body fills', () => {
    const { chords } = freeze(chord([chord([add.s(1, 2)], total), add.s(3, 4)], total, { id: 'outer' }))
    const [outer, inner] = chords
    expect(chords).toHaveLength(2)
    expect(outer?.headerIds[0]).toBe(inner?.bodyIds[0])
    expect(outer?.messages.map(({ args }) => args)).toEqual([[3, 4]])
    expect(inner?.messages.map(({ args, group: id }) => [args, id])).toEqual([[[1, 2], inner?.id]])
    expect(inner?.body.options).toMatchObject({ group_id: 'outer', group_index: 0, chord: { task: 'total' } })
  })

  it('marks what belongs to the body, but not what is nested in it', () => {
    const body = chain([log.s(), group([log.s(), log.s()]), total.s()])
    const { messages } = freeze(signatureFromData(only(chord([add.s(1, 2)], body, { id: 'c' })).body))
    expect(messages).toMatchObject([{ bodyOf: 'c' }])
    const [inner] = freeze(signatureFromData(messages[0]?.chain?.[0])).chords
    expect(inner?.messages.map((message) => message.bodyOf)).toEqual([undefined, undefined])
    expect(inner?.body.options['body_of']).toBe(inner?.id)
    expect(only(chord([add.s(1, 2)], group([log.s(), log.s()]))).bodyIds).toHaveLength(2)
  })

  it('has no parts when the header is empty', () => {
    expect(only(chord([], total, { id: 'c' }))).toMatchObject({ headerIds: [], messages: [] })
  })

  it('takes options to the parts and to the body', () => {
    const options = { queue: 'slow', countdownSeconds: 3, ignoreResult: true }
    const frozen = only(chord([add.s(1, 2)], total, { policy: { atLeast: 1 } as never }).set(options))
    expect(frozen.messages).toMatchObject([{ queue: 'slow', countdownSeconds: 3 }])
    expect(frozen.messages[0]).not.toHaveProperty('ignoreResult')
    expect(frozen.body.options).toMatchObject({ queue: 'slow', ignore_result: true })
    expect(frozen.body.options).not.toHaveProperty('countdown')
    expect(frozen.options).toEqual({ policy: { atLeast: 1 } })
  })

  it('puts callbacks on the body', () => {
    const { body, messages } = only(
      chord([add.s(1, 2)], total)
        .link(log.s())
        .linkError(log.s()),
    )
    expect(body.options).toMatchObject({ link: [{ task: 'tasks.log' }], link_error: [{ task: 'tasks.log' }] })
    expect(messages[0]).not.toHaveProperty('callbacks')
    expect(messages[0]).not.toHaveProperty('errbacks')
  })

  it('says which tasks led to it', () => {
    const [frozen] = freeze(chord([add.s(1)], total.s()), { args: [9], rootId: 'r', parentId: 'p', priority: 4 }).chords
    expect(frozen?.messages).toMatchObject([{ args: [9, 1], rootId: 'r', parentId: 'p', priority: 4 }])
    const [message] = freeze(signatureFromData(frozen?.body), { args: [[10]] }).messages
    expect(message).toMatchObject({ args: [[10]], rootId: 'r', parentId: 'p', priority: 4 })
  })

  it('gives each of two parts with the same id its own slot', () => {
    const part = add.s(1, 2).set({ taskId: 'same' })
    const [frozen] = freeze(chord([part, part], total)).chords
    expect(frozen?.headerIds).toEqual(['same', 'same'])
    expect(frozen?.messages.map(({ groupIndex }) => groupIndex)).toEqual([0, 1])
  })

  it('refuses arguments that cannot be told apart, because they cannot be written', () => {
    expect(() => freeze(chord([log.s(Symbol('x'))], log))).toThrow(TypeError)
  })
})

describe('a chord in a chain', () => {
  it('starts with what the step before results in', () => {
    const { messages, chords, root } = freeze(chain([add.s(1, 2), group([add.s(3), add.s(4)]), total.s()]))
    expect(chords).toEqual([])
    const [message] = messages
    const [next] = message?.chain ?? []
    const started = freeze(signatureFromData(next), { args: [3], parentId: message?.id ?? '' })
    expect(started.chords[0]?.messages.map(({ args }) => args)).toEqual([
      [3, 3],
      [3, 4],
    ])
    expect(root).toEqual({ ...started.root, parent: { ...started.root.parent, parent: { id: message?.id } } })
    expect(freeze(signatureFromData(next))).toEqual(freeze(signatureFromData(next)))
  })

  it('is made when a group is started with steps behind it', () => {
    const rest = [log.s().set({ taskId: 'z' }), total.s().set({ taskId: 'y' })].map((step) => step.toData())
    const { chords, root } = freeze(group([add.s(1, 2)]).set({ taskId: 'g' }), { chain: rest })
    expect(chords).toMatchObject([{ id: 'g', bodyIds: ['z'], body: { kwargs: { tasks: [{ task: 'total' }, {}] } } }])
    expect(root).toMatchObject({ id: 'z', parent: { id: 'y', parent: { id: 'g' } } })
  })

  it('takes the steps behind it into its body', () => {
    const rest = [log.s().set({ taskId: 'z' }).toData()]
    const signature = chord([add.s(1, 2)], total, { id: 'c' }).set({ taskId: 'b' })
    expect(freeze(signature, { chain: rest }).chords).toMatchObject([{ id: 'c', bodyIds: ['z'] }])
    expect(freeze(chain([signature]), { chain: rest }).root).toMatchObject({ id: 'z', parent: { id: 'b' } })
  })
})

describe('the data of a chord', () => {
  it('is what Celery writes', () => {
    expect(JSON.stringify(chord([log.s(1)], total).toData())).toBe(
      '{"task":"celery.chord","args":[],"kwargs":{"kwargs":{},' +
        '"header":[{"task":"tasks.log","args":[1],"kwargs":{},"options":{},"subtask_type":null,"immutable":false}],' +
        '"body":{"task":"total","args":[],"kwargs":{},"options":{},"subtask_type":null,"immutable":false}},' +
        '"options":{},"subtask_type":"chord","immutable":false}',
    )
  })

  it('carries the options of the chord in the spelling of the wire', () => {
    const options = { id: 'c', policy: 'failFast', results: 'value', deadlineSeconds: 60 } as const
    const { options: wire } = chord([log.s(1)], total, options).toData()
    expect(wire).toEqual({ arpeggio_chord: { id: 'c', policy: 'failFast', results: 'value', deadline_seconds: 60 } })
    const atLeast = chord([log.s(1)], log, { policy: { atLeast: 2 } })
    expect(atLeast.options).toEqual({ arpeggio_chord: { policy: { at_least: 2 } } })
    expect(only(signatureFromData(atLeast.toData())).options).toEqual({ policy: { atLeast: 2 } })
  })

  it('is understood as Python writes it with fixed ids', () => {
    const body = { task: 'total', args: [1, 2, 3], options: { task_id: 'b', group_id: 'g' } }
    const part = { task: 'add', args: [1, 2], options: { task_id: 'a', group_id: 'g', group_index: 7, chord: body } }
    const header = { task: 'celery.group', kwargs: { tasks: [part] }, options: { task_id: 'g' }, subtask_type: 'group' }
    const options = { task_id: 'g' }
    const data = { task: 'celery.chord', kwargs: { kwargs: {}, header, body }, options, subtask_type: 'chord' }
    const frozen = only(signatureFromData(data))
    expect(frozen).toMatchObject({ id: 'g', headerIds: ['a'], bodyIds: ['b'], body: { args: [1, 2, 3] } })
    expect(frozen.messages).toMatchObject([{ group: 'g', groupIndex: 0, chord: { args: [] } }])
    const unfrozen = { ...data, kwargs: { header: [{ task: 'add' }], body: { task: 'total' } } }
    expect(only(signatureFromData(unfrozen)).bodyIds).toEqual(['g'])
  })

  it.each([
    [{ id: '' }],
    [{ policy: 'never' }],
    [{ policy: { atLeast: 1.5 } }],
    [{ policy: { atLeast: -1 } }],
    [{ policy: null }],
    [{ results: 'both' }],
    [{ deadlineSeconds: 0 }],
    [{ deadlineSeconds: Number.NaN }],
    [{ retries: 3 }],
  ])('is never made of nonsense such as %j', (options) => {
    expect(() => chord([log.s(1)], log, options as never)).toThrow(TypeError)
  })
})

describe('the messages of a chord', () => {
  it('say in a header of their own that they belong to a body', () => {
    const [message] = freeze(signatureFromData(only(chord([], total, { id: 'c' })).body)).messages
    if (message === undefined) throw new Error('there is no message')
    const wire = encodeMessage(message)
    expect(wire.headers['arpeggio_body_of']).toBe('c')
    expect(decodeMessage(wire).bodyOf).toBe('c')
    expect(encodeMessage({ ...message, bodyOf: undefined } as never).headers).not.toHaveProperty('arpeggio_body_of')
  })

  it('are as long at every depth', () => {
    const perNode = [6, 10].map((depth) => bytesPerNode(nested(depth)))
    expect(perNode[1]).toBeLessThan((perNode[0] ?? 0) * 1.05)
  })

  it('are made for 100,000 parts in little time', () => {
    const header = Array.from({ length: 100_000 }, (_, at) => add.s(at, at))
    const start = performance.now()
    const { headerIds, messages } = only(chord(header, total, { id: 'c' }))
    const took = performance.now() - start
    expect(messages).toHaveLength(100_000)
    expect(new Set(headerIds).size).toBe(100_000)
    // All of them share one stub.
    expect(new Set(messages.map((message) => message.chord)).size).toBe(1)
    expect(took).toBeLessThan(8_000) // far from what it takes; only what is not linear gets there
  })
})

function nested(depth: number): Signature {
  return depth === 0 ? add.s(1, 2) : chord([nested(depth - 1), nested(depth - 1)], log)
}

function bytesPerNode(signature: Signature): number {
  const { chords } = freeze(signature)
  const bodies = chords.map(({ body }) => body)
  const messages = chords.flatMap((frozen) => frozen.messages)
  return JSON.stringify([bodies, messages]).length / (bodies.length + messages.length)
}
