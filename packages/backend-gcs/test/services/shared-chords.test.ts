import { eventually } from '@arpeggio/conformance'
import { chord, Keys, Results, type Signature, type TaskMessage } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { GcsBackend } from '../../src/index.ts'
import { body, part, shared as mode, Stage } from './chord-stage.ts'
import type { Fate } from './interceptor.ts'
import { apply, type Death, PeerWorker } from './peer-worker.ts'

const keys = new Keys()

async function finish(results: Results, message: TaskMessage | undefined, value?: unknown): Promise<void> {
  if (message === undefined) throw new Error('no such part')
  await results.markAsDone(message.id, value ?? message.groupIndex, { request: message })
}

/** What the body was called with, by whoever has fired it. */
function firings(stage: Stage, peer: PeerWorker, id = 'c'): readonly unknown[] {
  return [...stage.queue.bodiesOf(id).map(({ args }) => args[0]), ...peer.fired.map(({ values }) => values)]
}

async function* announced(count: number): AsyncGenerator<Signature<number>> {
  for (let slot = 0; slot < count; slot += 1) yield part.s(slot)
}

/** The answer is lost, as Firestore's client takes it. */
const lost: Fate = {
  status: 503,
  body: '{"error": {"code": 503, "status": "UNAVAILABLE", "message": "lost"}}',
  isApplied: true,
}

describe('a chord that is shared with workers of Celery', () => {
  it('[G4] begins with a counter that expires and with its header, where Celery looks for them', async () => {
    await using stage = await Stage.open(mode)
    const messages = await apply(stage, stage.process(), 3)
    expect(await stage.counted('c')).toBe(0)
    expect(await stage.withoutExpiry()).toEqual([])
    const header = await stage.process().getGroupMeta('c')
    expect(header?.members?.map(({ id }) => id)).toEqual(messages.map(({ id }) => id))
    expect(messages.map((message) => Reflect.get(message.chord ?? {}, 'chord_size'))).toEqual([3, 3, 3])
  })

  it('fires once, whoever returns which part, and whoever the last', async () => {
    await using stage = await Stage.open(mode)
    const results = stage.process()
    for (let bits = 0; bits < 8; bits += 1) {
      await using peer = new PeerWorker(stage)
      const id = `c-${bits}`
      const messages = await apply(stage, results, 3, id)
      for (const slot of bits % 2 === 0 ? [0, 1, 2] : [2, 0, 1]) {
        const message = messages[slot]
        if (message !== undefined) await ((bits >> slot) % 2 === 0 ? finish(results, message) : peer.finish(message))
      }
      expect(firings(stage, peer, id)).toEqual([[0, 1, 2]])
      await results.chords.sweep()
      expect(firings(stage, peer, id)).toHaveLength(1)
      expect(await results.chords.inspect(id)).toMatchObject({ state: 'done' })
    }
  })

  it('[T-04] fires once when its last parts return at once, on both sides and here twice', async () => {
    await using stage = await Stage.open(mode)
    const [one, other] = [stage.process(), stage.process()]
    for (let round = 0; round < 10; round += 1) {
      await using peer = new PeerWorker(stage)
      const id = `c-${round}`
      const [first, second, third] = await apply(stage, one, 3, id)
      if (first === undefined) throw new Error('no part')
      await Promise.all([peer.finish(first), finish(one, second), finish(other, third), finish(one, third)])
      expect(firings(stage, peer, id)).toEqual([[0, 1, 2]])
    }
  })

  it('[T-01] counts a part once that comes again, together with others or alone', async () => {
    await using stage = await Stage.open(mode)
    const [one, other] = [stage.process(), stage.process()]
    const messages = await apply(stage, one, 8)
    await finish(one, messages[0])
    // A commit for all of these meets the marker of the first.
    await Promise.all(messages.slice(0, 7).flatMap((message) => [finish(other, message), finish(other, message)]))
    await Promise.all(messages.slice(0, 7).map((message) => finish(one, message)))
    expect(await stage.counted('c')).toBe(7)
    await finish(one, messages[7])
    expect(stage.queue.bodiesOf('c').map(({ args }) => args[0])).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]])
  })

  it('[T-55] counts a part once whose commit has lost its answer, and fires at once where that was the last', async () => {
    await using stage = await Stage.open(mode)
    const results = stage.process({ maxSleepMs: 50 })
    const messages = await apply(stage, results, 4)
    const lose = async (losing: readonly TaskMessage[]): Promise<void> => {
      let losses = 0
      stage.fate = ({ kind, names }) => {
        const isCount = kind === 'commit' && names.some((name) => name.includes('chord-unlock-'))
        return isCount && ++losses === 1 ? lost : 'pass'
      }
      await Promise.all(losing.map((message) => finish(results, message)))
      expect(losses).toBeGreaterThan(0)
    }
    await lose(messages.slice(0, 3))
    expect(await stage.counted('c')).toBe(3)
    await lose(messages.slice(3))
    expect(stage.queue.bodiesOf('c').map(({ args }) => args[0])).toEqual([[0, 1, 2, 3]])
  })

  it('is taken over after a time when the worker died that had counted its last part', async () => {
    await using stage = await Stage.open(mode)
    await using peer = new PeerWorker(stage)
    const results = stage.process({ chordGraceSeconds: 1 })
    const [first, second] = await apply(stage, results, 2)
    await finish(results, first)
    if (second !== undefined) await peer.finish(second, 1, 'before it fires')
    await results.chords.sweep()
    expect(firings(stage, peer)).toEqual([])
    await eventually(20_000, async () => {
      await results.chords.sweep()
      expect(firings(stage, peer)).toEqual([[0, 1]])
    })
  })

  it('is taken up at once where a worker died before it counted, and nobody else can fire any more', async () => {
    await using stage = await Stage.open(mode)
    await using peer = new PeerWorker(stage)
    const results = stage.process()
    const [first, second] = await apply(stage, results, 2)
    await finish(results, first)
    if (second !== undefined) await peer.finish(second, 1, 'before it counts')
    await results.chords.sweep()
    expect(firings(stage, peer)).toEqual([[0, 1]])
    if (second !== undefined) await peer.finish(second)
    expect(firings(stage, peer)).toHaveLength(1)
  })

  it.each<readonly [string, Death | undefined]>([
    ['has removed what it fired', undefined],
    ['died before it could do that, while the body has begun', 'before it removes what it has fired'],
  ])('is left alone where a worker has fired it and %s', async (_what, death) => {
    await using stage = await Stage.open(mode)
    await using peer = new PeerWorker(stage)
    const results = stage.process({ chordGraceSeconds: 0 })
    const [first, second] = await apply(stage, results, 2)
    await finish(results, first)
    if (second !== undefined) await peer.finish(second, 1, death)
    if (death !== undefined) await results.markAsStarted(String(peer.fired[0]?.id))
    for (let look = 0; look < 2; look += 1) await results.chords.sweep()
    expect(firings(stage, peer)).toEqual([[0, 1]])
    expect((await results.chords.inspect('c')).explanation).toMatch(/a worker of Celery has fired it/u)
    expect(await stage.withoutExpiry()).toEqual([])
  })

  it('[T-10] is not brought back by parts that return after the end, on either side', async () => {
    await using stage = await Stage.open(mode)
    await using peer = new PeerWorker(stage)
    const results = stage.process()
    const messages = await apply(stage, results, 2)
    for (const message of messages) await finish(results, message)
    const [{ id: bodyId } = { id: '' }] = stage.queue.bodiesOf('c')
    await results.markAsStarted(bodyId)
    for (const message of messages) {
      await finish(results, message, 'late')
      await peer.finish(message, 'late')
    }
    await results.chords.sweep()
    expect(firings(stage, peer)).toEqual([[0, 1]])
    expect((await results.getTaskMeta(bodyId)).status).toBe('STARTED')
    expect(await stage.withoutExpiry()).toEqual([])
  })

  it('that fails at its deadline is fired by nobody, whatever is counted later', async () => {
    await using stage = await Stage.open(mode)
    await using peer = new PeerWorker(stage)
    const results = stage.process()
    await results.apply(chord([part.s(0), part.s(1)], body, { id: 'c' }))
    const messages = stage.queue.partsOf('c')
    await finish(results, messages[0])
    expect(await results.chords.cancel('c', 'nobody waits for it')).toBe(true)
    if (messages[1] !== undefined) await peer.finish(messages[1])
    await results.chords.sweep()
    expect(firings(stage, peer)).toEqual([])
  })

  it('that a worker fires while it is growing takes no more parts; one that grows is fired here', async () => {
    await using stage = await Stage.open(mode)
    await using peer = new PeerWorker(stage)
    const results = stage.process()
    const messages = await apply(stage, results, 2)
    for (const message of messages) await peer.finish(message)
    await expect(results.chords.add('c', 'more', [part.s(2)])).rejects.toMatchObject({ code: 'conflict' })
    const [first, second] = await apply(stage, results, 2, 'grows')
    await results.chords.add('grows', 'more', [part.s(2)])
    for (const message of [first, second]) if (message !== undefined) await peer.finish(message)
    expect(peer.fired).toHaveLength(1)
    await finish(results, stage.queue.partsOf('grows')[2])
    expect(stage.queue.bodiesOf('grows').map(({ args }) => args[0])).toEqual([[0, 1, 2]])
  })

  it('whose header is read while it starts is fired here alone, also after the part of a worker', async () => {
    await using stage = await Stage.open(mode)
    await using peer = new PeerWorker(stage)
    const results = stage.process()
    await results.apply(chord(announced(2), body, { id: 'c' }))
    const [first, second] = stage.queue.partsOf('c')
    await finish(results, first)
    if (second !== undefined) await peer.finish(second)
    await results.chords.sweep()
    expect(firings(stage, peer)).toEqual([[0, 1]])
  })

  it('waits for all parts although a worker has counted one twice', async () => {
    await using stage = await Stage.open(mode)
    await using peer = new PeerWorker(stage)
    const results = stage.process()
    const [first, second, third] = await apply(stage, results, 3)
    for (const message of [first, first]) if (message !== undefined) await peer.finish(message)
    await finish(results, second)
    expect(firings(stage, peer)).toEqual([])
    await finish(results, third)
    expect(firings(stage, peer)).toEqual([[0, 1, 2]])
  })

  it('whose name has been used before begins anew once that has expired', async () => {
    await using stage = await Stage.open(mode)
    const results = stage.process({ tombstoneSeconds: 1, expiresInSeconds: 1 })
    for (const round of [1, 2]) {
      await eventually(30_000, async () => {
        await apply(stage, results, 2)
        // Neither the record nor the counter is removed here, as with the service for a day.
        expect(stage.queue.messages.filter(({ task: name }) => name === part.name)).toHaveLength(2 * round)
      })
      for (const message of stage.queue.messages.slice(-2)) await finish(results, message)
      expect(stage.queue.bodiesOf('c')).toHaveLength(round)
    }
  })

  it('is none that was begun without peers, which ends as it would have', async () => {
    await using stage = await Stage.open(mode)
    const [before, results] = [stage.process({ peers: 'none' }), stage.process()]
    for (const id of ['in parts', 'in results']) {
      await before.apply(chord([part.s(0), part.s(1), part.s(2)], body, { id }))
      const [first, ...others] = stage.queue.partsOf(id)
      await results.chords.sweep()
      await finish(before, first)
      for (const message of others) {
        const isPart = id === 'in parts'
        await (isPart ? finish(results, message) : results.storeResult(message.id, message.groupIndex, 'SUCCESS'))
      }
      await results.chords.sweep()
      expect(stage.queue.bodiesOf(id).map(({ args }) => args[0])).toEqual([[0, 1, 2]])
    }
  })

  it('needs Firestore, and is never captured', () => {
    const objects = new GcsBackend({ bucket: 'b', project: 'p' })
    expect(() => new Results({ backend: objects, peers: 'celery' })).toThrow(/Firestore/u)
    const backend = new GcsBackend({ bucket: 'b', project: 'p', firestore: {} })
    expect(() => new Results({ backend, peers: 'celery', firing: 'captured' })).toThrow(/shared/u)
  })
})

describe('a chord that Celery began', () => {
  it('fires once, whoever returns which part, and whoever the last', async () => {
    await using stage = await Stage.open(mode)
    const results = stage.process()
    for (let bits = 0; bits < 4; bits += 1) {
      await using peer = new PeerWorker(stage)
      const messages = await peer.begin(`c-${bits}`, 2)
      for (const [slot, message] of messages.entries()) {
        await ((bits >> slot) % 2 === 0 ? finish(results, message) : peer.finish(message))
      }
      const ours = stage.queue.messages.filter(({ id }) => id === `c-${bits}-body`).map(({ args }) => args[0])
      expect([...ours, ...peer.fired.map(({ values }) => values)]).toEqual([[0, 1]])
    }
    await results.chords.sweep()
    expect(await stage.withoutExpiry()).toEqual([])
  })

  it('[T-10] and has ended is not touched by a part of ours that is late', async () => {
    await using stage = await Stage.open(mode)
    await using peer = new PeerWorker(stage)
    const messages = await peer.begin('c', 2)
    for (const message of messages) await peer.finish(message)
    const results = stage.process()
    const [late] = messages
    if (late === undefined) throw new Error('no part')
    expect(await results.onChordPartReturn(late, 'SUCCESS', 'late')).toBe('unknown')
    expect((await stage.document(keys.chord('c')).get()).exists).toBe(false)
    expect(stage.queue.messages).toEqual([])
  })
})
