import { describe, expect, it } from 'vitest'
import { chord, type Publisher } from '../../src/index.ts'
import { body, Broker, calls, ChordRig, numbered, part } from './chord-rig.ts'

describe('a chord with peers on a store that counts no parts for them', () => {
  it('starts all of its header, and the task that waits for it', async () => {
    const rig = new ChordRig()
    const { results } = rig.process({ peers: 'celery' })
    const handle = await results.apply(numbered(2))
    const messages = rig.broker.take()
    const unlock = messages.at(-1)
    expect(messages.map(({ task }) => task)).toEqual(['part', 'part', 'celery.chord_unlock'])
    expect(unlock?.args).toMatchObject(['c', { task: 'body', options: { task_id: handle.id } }])
    expect(unlock?.kwargs['result']).toEqual(messages.slice(0, 2).map(({ id }) => [[id, null], null]))
  })

  it('is fired by that task alone', async () => {
    const rig = new ChordRig()
    const process = rig.process({ peers: 'celery' })
    await process.results.apply(numbered(2))
    for (const message of rig.broker.take().slice(0, 2)) await process.succeed(message, 1)
    await process.results.chords.sweep()
    expect(calls(rig.broker.take())).toEqual([])
    expect(rig.keys).toEqual([])
  })

  it('has no policy that its task would not know', async () => {
    const rig = new ChordRig()
    const { results } = rig.process({ peers: 'celery' })
    const apply = results.apply(chord([part.s(1)], body, { policy: 'collect' }))
    await expect(apply).rejects.toMatchObject({ code: 'unsupported' })
    expect(rig.broker.take()).toEqual([])
  })

  it('is what a publisher says that reaches workers of Celery', async () => {
    const rig = new ChordRig()
    const broker = new Broker()
    const publisher: Publisher = { durable: true, peers: 'celery', publish: (messages) => broker.publish(messages) }
    await rig.process({ publisher }).results.apply(numbered(1))
    expect(broker.take().at(-1)?.task).toBe('celery.chord_unlock')
  })
})
