import { eventually } from '@arpeggio/conformance'
import { chord, executeTask, type Results, type Signature, type TaskMessage } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { body, callback, modes, part, type Queue, shared, Stage } from './chord-stage.ts'
import { type Fate, RateLimit } from './interceptor.ts'

function parts(count: number): Signature<number>[] {
  return Array.from({ length: count }, (_, index) => part.s(index))
}

/** A header whose end comes late. */
async function* until(sealed: Promise<void>, count: number): AsyncGenerator<Signature<number>> {
  yield* parts(count)
  await sealed
}

async function finish(results: Results, message: TaskMessage, value: unknown = message.groupIndex): Promise<void> {
  await results.markAsDone(message.id, value, { request: message })
}

/** Every body that was published is the same one, with the values of the slots. */
function expectBody({ queue }: { readonly queue: Queue }, id: string, count: number): void {
  const bodies = queue.bodiesOf(id)
  expect(bodies.length).toBeGreaterThan(0)
  expect(new Set(bodies.map((message) => message.id)).size).toBe(1)
  for (const { args } of bodies) expect(args).toEqual([Array.from({ length: count }, (_, index) => index)])
}

/** Numbers from 0 to 1 that are the same in every run. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function shuffled<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

describe.each(modes)('a chord with %s', (mode) => {
  it('[T-01] whose parts come up to five times, in any order, fires once with the first value of each slot', async () => {
    await using stage = await Stage.open(mode)
    const results = [stage.process(), stage.process()]
    for (let seed = 1; seed <= 8; seed++) {
      const random = chance(seed)
      const id = `c-${seed}`
      await results[0]?.apply(chord(parts(4), body, { id }))
      const messages = stage.queue.partsOf(id)
      const firstTimes = messages.map((message) => ({ message, value: message.groupIndex }))
      const repeats = messages.flatMap((message) =>
        Array.from({ length: Math.floor(random() * 5) }, (_, at) => ({
          message,
          value: random() < 0.5 ? message.groupIndex : `late ${at}`,
        })),
      )
      for (const { message, value } of firstTimes.slice(0, 3)) await finish(results[0] ?? fail(), message, value)
      await Promise.all(
        shuffled(
          repeats.filter(({ message }) => message.groupIndex !== 3),
          random,
        ).map(({ message, value }, at) => finish(results[at % 2] ?? fail(), message, value)),
      )
      expect(stage.queue.bodiesOf(id)).toHaveLength(0)
      await finish(results[1] ?? fail(), messages[3] ?? fail())
      expectBody(stage, id, 4)
      expect(stage.queue.bodiesOf(id)).toHaveLength(1)
    }
  })

  it('[T-04] a tenth of whose parts return twice at once, and all of them again when it is over, fires once', async () => {
    await using stage = await Stage.open(mode)
    const processes = Array.from({ length: 4 }, () => stage.process())
    await processes[0]?.apply(chord(parts(60), body, { id: 'c' }))
    const messages = stage.queue.partsOf('c')
    const twice = [...messages, ...messages.filter((_, index) => index % 10 === 0)]
    await Promise.all(twice.map((message, at) => finish(processes[at % 4] ?? fail(), message)))
    await Promise.all(messages.slice(0, 8).map((message, at) => finish(processes[at % 4] ?? fail(), message)))
    expectBody(stage, 'c', 60)
    expect(stage.queue.bodiesOf('c')).toHaveLength(1)
  })

  it('[T-06] of 200 parts that come up to three times, with a tenth of all answers lost, has one outcome with the right values', async () => {
    await using stage = await Stage.open(mode)
    const random = chance(7)
    const processes = Array.from({ length: 3 }, () => stage.process({ chordLeaseSeconds: 1, maxSleepMs: 200 }))
    await processes[0]?.apply(chord(parts(200), body, { id: 'c' }))
    stage.fate = ({ kind }) => (['upload', 'commit', 'delete'].includes(kind) && random() < 0.1 ? lost : 'pass')
    const deliver = async (messages: readonly TaskMessage[]): Promise<void> => {
      const times = messages.flatMap((message) => Array.from({ length: 1 + Math.floor(random() * 3) }, () => message))
      await Promise.all(shuffled(times, random).map((message, at) => finish(processes[at % 3] ?? fail(), message)))
    }
    const messages = stage.queue.partsOf('c')
    await deliver(messages.slice(1))
    expect(stage.queue.bodiesOf('c')).toEqual([])
    expect(await stage.counted('c')).toBe(mode === shared ? 199 : undefined)
    await deliver(messages.slice(0, 1))
    stage.fate = () => 'pass'
    await processes[0]?.chords.sweep()
    expectBody(stage, 'c', 200)
    expect(await processes[0]?.chords.inspect('c')).toMatchObject({ size: 200, state: 'done' })
  })

  it('[T-08] that two seal with different sizes at once has one of them, and the other is told of the conflict', async () => {
    await using stage = await Stage.open(mode)
    const [one, other] = [stage.process(), stage.process()]
    for (let round = 0; round < 20; round++) {
      const id = `c-${round}`
      const gate = Promise.withResolvers<void>()
      const applied = one.apply(chord(until(gate.promise, 3), body, { id })).catch(() => undefined)
      await eventually(10_000, () => expect(stage.queue.partsOf(id)).toHaveLength(3))
      const seals = await Promise.allSettled([one.setChordSize(id, 3), other.setChordSize(id, 2)])
      const failures = seals.filter((seal) => seal.status === 'rejected')
      expect(failures.map(({ reason }) => (reason as { code?: string }).code)).toEqual(['conflict'])
      expect((await one.chords.inspect(id)).size).toBe(seals[0].status === 'fulfilled' ? 3 : 2)
      gate.resolve()
      await applied
    }
  })

  it('[T-13] whose parts have all returned before it is sealed fires once it is', async () => {
    await using stage = await Stage.open(mode)
    const results = stage.process()
    const gate = Promise.withResolvers<void>()
    const applied = results.apply(chord(until(gate.promise, 5), body, { id: 'c' }))
    await eventually(10_000, () => expect(stage.queue.partsOf('c')).toHaveLength(5))
    await Promise.all(stage.queue.partsOf('c').map((message) => finish(results, message)))
    expect(stage.queue.bodiesOf('c')).toHaveLength(0)
    gate.resolve()
    await applied
    expectBody(stage, 'c', 5)
  })

  it('[T-56] is joined although every answer takes a tenth of a second: what counts is its deadline, not a moment', async () => {
    await using stage = await Stage.open(mode)
    const results = stage.process()
    // A local server takes minutes for thousands of objects.
    const count = process.env['TEST_FULL'] === '1' ? 5_000 : 300
    await results.apply(chord(parts(count), body, { id: 'c' }))
    const messages = stage.queue.partsOf('c')
    await Promise.all(messages.slice(1).map((message) => finish(results, message)))
    stage.fate = () => ({ delayMs: 100 })
    const late = stage.process()
    const began = performance.now()
    await finish(late, messages[0] ?? fail())
    expectBody(stage, 'c', count)
    expect(stage.queue.bodiesOf('c')).toHaveLength(1)
    console.log(`${mode}: ${count} parts joined in ${Math.round(performance.now() - began)} ms`)
  })

  it('[G5] joins the results of its parts for its body when the last of them returns', async () => {
    await using stage = await Stage.open(mode)
    const results = stage.process()
    const handle = await results.apply(chord(parts(3), body, { id: 'c' }))
    for (const message of stage.queue.partsOf('c')) {
      expect(stage.queue.bodiesOf('c')).toHaveLength(0)
      await results.onChordPartReturn(message, 'SUCCESS', message.groupIndex)
    }
    expectBody(stage, 'c', 3)
    await executeTask(body, stage.queue.bodiesOf('c')[0] ?? fail(), results)
    expect(await handle.get({ timeoutMs: 10_000 })).toBe(3)
  })

  it('[G5] of which a part has failed fails its body with the reason, and runs its error callbacks', async () => {
    await using stage = await Stage.open(mode)
    const results = stage.process()
    const handle = await results.apply(chord(parts(3), body.s().linkError(callback.s()), { id: 'c' }))
    const [first = fail(), second = fail(), third = fail()] = stage.queue.partsOf('c')
    await finish(results, first)
    await results.markAsFailure(second.id, new Error('broken'), { request: second })
    await finish(results, third)
    await expect(handle.get({ timeoutMs: 10_000 })).rejects.toThrow(/broken/)
    expect(stage.queue.messages.some(({ task: name }) => name === callback.name)).toBe(true)
  })

  it('[G5] whose body cannot be published is decided all the same, and published later', async () => {
    await using stage = await Stage.open(mode)
    const results = stage.process({ chordLeaseSeconds: 0.1 })
    await results.apply(chord(parts(2), body, { id: 'c' }))
    const messages = stage.queue.partsOf('c')
    stage.queue.outage = new Error('The queue is away')
    for (const message of messages) await finish(results, message)
    expect(await results.chords.inspect('c')).toMatchObject({ state: 'dispatching' })
    stage.queue.outage = undefined
    await eventually(10_000, async () => {
      await results.chords.sweep()
      expectBody(stage, 'c', 2)
    })
  })

  it('of 300 parts ends without an error where objects and documents take one write a second', async () => {
    await using stage = await Stage.open(mode)
    const limit = new RateLimit(mode === 'objects alone' ? 1 : 5)
    limit.guard(stage.interceptors)
    const processes = [stage.process(), stage.process()]
    const began = performance.now()
    const handle = await (processes[0] ?? fail()).apply(chord(parts(300), body, { id: 'c' }))
    await Promise.all(stage.queue.partsOf('c').map((message, at) => finish(processes[at % 2] ?? fail(), message)))
    expectBody(stage, 'c', 300)
    const [message = fail()] = stage.queue.bodiesOf('c')
    await executeTask(body, message, processes[1] ?? fail())
    expect(await handle.get({ timeoutMs: 60_000 })).toBe(300)
    console.log(`${mode}: ${Math.round(performance.now() - began)} ms, ${limit.refused} writes refused for their rate`)
  })
})

describe.each(modes.slice(1))('a chord with %s', (mode) => {
  it('[T-54] of 500 parts that return at once, with contention where documents are written too often, has no hot document', async () => {
    await using stage = await Stage.open(mode)
    new RateLimit(1).guard(stage.interceptors)
    const processes = [stage.process(), stage.process()]
    await processes[0]?.apply(chord(parts(500), body, { id: 'c' }))
    const began = performance.now()
    await Promise.all(stage.queue.partsOf('c').map((message, at) => finish(processes[at % 2] ?? fail(), message)))
    expectBody(stage, 'c', 500)
    const writes = stage.applied.filter(({ kind }) => kind === 'commit').flatMap(({ names }) => names)
    const most = Math.max(...[...Map.groupBy(writes, (name) => name).values()].map(({ length }) => length))
    expect(most).toBeLessThan(10)
    console.log(
      `${mode}: 500 parts: ${Math.round(performance.now() - began)} ms, at most ${most} writes of one document`,
    )
  })
})

/** It took effect, and nobody hears of it: a connection that is gone, or for Firestore's client what it takes for that. */
const lost: Fate = {
  status: 503,
  body: '{"error": {"code": 503, "status": "UNAVAILABLE", "message": "lost"}}',
  isApplied: true,
}

function fail(): never {
  throw new Error('unreachable')
}
