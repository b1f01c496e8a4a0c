import { chain, chord, freeze, group, signatureFromData, task, type AnySignature } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'

const add = task('add', (a: number, b: number) => a + b)
const log = task<(value: unknown) => void>('tasks.log')
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('a signature', () => {
  it('is written as Celery writes it', () => {
    const signature = add.s(1, 2).set({ queue: 'fast', countdownSeconds: 3 })
    expect(JSON.stringify(signature.toData())).toBe(
      '{"task":"add","args":[1,2],"kwargs":{},"options":{"queue":"fast","countdown":3},"subtask_type":null,"immutable":false}',
    )
    expect(group([add.s(1, 2)]).toData()).toMatchObject({ task: 'celery.group', subtask_type: 'group' })
    expect(chain([add.s(1, 2)]).toData()).toMatchObject({ task: 'celery.chain', subtask_type: 'chain' })
  })

  it('comes back from its data', () => {
    const signatures: readonly AnySignature[] = [
      add.si(1, 2).set({ taskId: 'a' }).withKwargs({ x: 1 }),
      chain([add.s(1, 2), group([add.s(3), add.s(4)])]),
    ]
    for (const signature of signatures)
      expect(signatureFromData(signature.toData()).toData()).toEqual(signature.toData())
  })

  it('refuses data of a kind that cannot be run here', () => {
    const data = { ...add.s(1, 2).toData(), subtask_type: 'chunks' }
    expect(() => signatureFromData(data)).toThrow(TypeError)
  })

  it('stays as it is when options are set', () => {
    const signature = add.s(1, 2)
    signature.set({ queue: 'slow' })
    expect(signature.options).toEqual({})
  })
})

describe('freeze', () => {
  it('gives a task a random id unless it has one', () => {
    const [message] = freeze(add.s(1, 2)).messages
    expect(message).toEqual({
      id: expect.stringMatching(UUID),
      task: 'add',
      args: [1, 2],
      kwargs: {},
      rootId: message?.id,
    })
    expect(freeze(add.s(1, 2).set({ taskId: 'given' })).root).toEqual({ id: 'given' })
  })

  it('puts arguments that come later in front, unless the signature is immutable', () => {
    expect(freeze(add.s(2), { args: [1] }).messages[0]?.args).toEqual([1, 2])
    expect(freeze(add.si(3, 4), { args: [1] }).messages[0]?.args).toEqual([3, 4])
  })

  it('gives the members of a group its id and their places', () => {
    const { messages, root } = freeze(group([add.s(1, 2), add.s(3, 4)]).set({ taskId: 'g', queue: 'fast' }))
    expect(messages.map((message) => [message.group, message.groupIndex, message.queue])).toEqual([
      ['g', 0, 'fast'],
      ['g', 1, 'fast'],
    ])
    expect(root).toEqual({ id: 'g', members: messages.map(({ id }) => ({ id })) })
  })

  it('starts a chain with its first step, which carries the others in reverse', () => {
    const steps = chain([add.s(1, 2).set({ taskId: 'a' }), add.s(3).set({ taskId: 'b' }), log.s()]).set({ taskId: 'c' })
    const { messages, root } = freeze(steps)
    expect(messages.map(({ id }) => id)).toEqual(['a'])
    expect(messages[0]?.chain?.map(({ options }) => options['task_id'])).toEqual(['c', 'b'])
    expect(root).toEqual({ id: 'c', parent: { id: 'b', parent: { id: 'a' } } })
  })

  it('counts the last step of a chain as the member of a group', () => {
    const { messages, root } = freeze(group([chain([add.s(1, 2), add.s(3)])]).set({ taskId: 'g' }))
    const last = messages[0]?.chain?.[0]?.options
    expect(messages[0]).not.toHaveProperty('group')
    expect(last).toMatchObject({ group_id: 'g', group_index: 0 })
    expect(root.members?.[0]).toEqual({ id: last?.['task_id'], parent: { id: messages[0]?.id } })
  })

  it('lets a group end a chain', () => {
    const { messages, root } = freeze(chain([add.s(1, 2), group([add.s(3), add.s(4)])]))
    const members = messages[0]?.chain?.[0]?.kwargs['tasks']
    expect(members).toMatchObject([{ options: { group_id: root.id } }, { options: { group_id: root.id } }])
    expect(root).toMatchObject({ parent: { id: messages[0]?.id }, members: [{}, {}] })
  })

  it('carries callbacks and errbacks', () => {
    const [message] = freeze(
      chain([add.s(1, 2), add.s(3)])
        .link(log.s())
        .linkError(log.s()),
    ).messages
    expect(message?.callbacks).toBeUndefined()
    expect(message?.errbacks).toHaveLength(1)
    expect(message?.chain?.[0]?.options).toMatchObject({ link: [{ task: 'tasks.log' }], link_error: [{}] })
  })
})

describe('chain', () => {
  it('makes a chord of a group and the steps behind it', () => {
    const header = [add.s(1, 2), add.s(3, 4)] as const
    const upgraded = chain([add.s(1, 2), group([add.s(3), add.s(4)]), log.s(), log.si(1)])
    const written = chain([add.s(1, 2), chord([add.s(3), add.s(4)], chain([log.s(), log.si(1)]))])
    expect(upgraded.toData()).toEqual(written.toData())
    expect(chain([chord(header, log), log.s()]).toData()).toEqual(
      chain([chord(header, chain([log.s(), log.s()]))]).toData(),
    )
    expect(chain([chain([add.s(1, 2), group([add.s(1)])]), log.s()]).tasks[1]?.kind).toBe('chord')
  })

  it('refuses an inner chain with options of its own', () => {
    expect(() => chain([chain([add.s(1, 2)]).set({ queue: 'slow' }), log.s()])).toThrow(TypeError)
  })
})
