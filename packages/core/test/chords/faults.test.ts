import { describe, expect, it } from 'vitest'
import { BackendError, chord, type ChordOptions, task, type TaskMessage } from '../../src/index.ts'
import { Broker, calls, ChordRig, part, type Process, told } from './chord-rig.ts'

// Every call to the store in the life of a chord, one after the other: what if it fails, or is the last of its process?

interface Scene {
  readonly options: ChordOptions
  /** Which part fails. */
  readonly failing?: number
  readonly durable: boolean
}

const scenes: readonly (readonly [string, Scene])[] = [
  ['by value', { options: {}, durable: true }],
  ['by reference', { options: { results: 'reference' }, durable: true }],
  ['with a part that fails', { options: {}, failing: 1, durable: true }],
  ['that fails fast', { options: { policy: 'failFast' }, failing: 0, durable: true }],
  ['that collects', { options: { policy: 'collect' }, failing: 2, durable: true }],
  ['in a queue that forgets', { options: {}, durable: false }],
]

const parts = 3
const end = task<(values: unknown) => unknown>('body')

class Play {
  readonly rig = new ChordRig()
  readonly queue: Broker
  /** Everything that was published beside parts. */
  readonly outcomes: TaskMessage[] = []
  readonly #scene: Scene

  constructor(scene: Scene) {
    this.#scene = scene
    this.queue = new Broker({ durable: scene.durable })
  }

  process(): Process {
    return this.rig.process({
      publisher: this.queue,
      chordFanOut: 2,
      chordInlineBytes: 40,
      baseSleepMs: 1,
      maxSleepMs: 1,
    })
  }

  /** Applies the chord, and delivers whatever there is. */
  async live(process: Process): Promise<void> {
    const header = Array.from({ length: parts }, (_, at) => part.si(at))
    const { policy = 'waitAll', results = 'value' } = this.#scene.options
    const options = { id: 'c', policy, results, deadlineSeconds: 600 }
    await process.results.apply(chord(header, end.s().linkError(told.s()), options))
    await this.deliver(process)
  }

  /** As a queue does that delivers again what was not dealt with. */
  async deliver(process: Process): Promise<void> {
    const { messages } = this.queue
    for (let [message] = messages; message !== undefined; [message] = messages) {
      if (message.task !== 'part') this.outcomes.push(message)
      await this.#deal(process, message)
      messages.splice(messages.indexOf(message), 1)
    }
  }

  async #deal(process: Process, message: TaskMessage): Promise<void> {
    const at = message.groupIndex ?? 0
    if (message.task === 'part' && at === this.#scene.failing) await process.fail(message)
    else await process.succeed(message, message.task === 'part' ? 'value '.repeat(at * 5) : 'total')
    if (message.bodyOf !== undefined) await process.results.messageEnded(message)
  }

  /** Waits for what goes on by itself; resolves to whether it came to its end. */
  async lasts(life: Promise<unknown>): Promise<boolean> {
    const end = { isReached: false }
    void life.catch(() => undefined).then(() => (end.isReached = true))
    for (let round = 0; round < 20 && !end.isReached; round += 1) await this.rig.time.advance(5)
    return end.isReached
  }

  /** What it came to, for a test to judge once everything has calmed down. */
  async end() {
    const { results } = this.rig.observer()
    const { state, decision, bodyIds } = await results.chords.inspect('c')
    return {
      published: [...new Set(this.outcomes.map(({ task }) => task))],
      ids: new Set(this.outcomes.map(({ id }) => id)).size,
      values: new Set(calls(this.outcomes).map((args) => JSON.stringify(args))).size,
      keys: this.rig.keysOf('c'),
      state,
      decided: decision?.kind,
      body: await results.getState(bodyIds[0] ?? ''),
    }
  }
}

function expected({ failing, options }: Scene): Awaited<ReturnType<Play['end']>> {
  const isError = failing !== undefined && options.policy !== 'collect'
  const common = { ids: 1, keys: ['r:c'], state: 'done' } as const
  return isError
    ? { ...common, published: ['told'], values: 0, decided: 'error', body: 'FAILURE' }
    : { ...common, published: ['body'], values: 1, decided: 'body', body: 'SUCCESS' }
}

async function callsOfALife(scene: Scene): Promise<number> {
  const play = new Play(scene)
  const process = play.process()
  let count = 0
  process.before = () => void (count += 1)
  await play.live(process)
  return play.outcomes.length === 1 ? count : 0
}

describe.each(scenes)('a chord %s', (_, scene) => {
  it('has one outcome although its process dies after any call', async () => {
    const count = await callsOfALife(scene)
    expect(count).toBeGreaterThan(20)
    for (let last = 0; last < count; last += 1) {
      const play = new Play(scene)
      const dying = play.process()
      let made = 0
      dying.dieAfter(() => made++ === last)
      void play.live(dying)
      await play.rig.time.settle()
      if (!scene.durable) play.queue.take()
      await play.rig.time.advance(31_000)
      const process = play.process()
      await play.live(process)
      await process.results.chords.sweep()
      await play.deliver(process)
      await process.results.chords.sweep()
      expect(await play.end()).toEqual(expected(scene))
    }
  })

  it('has one outcome although the answer to any one call is lost', async () => {
    const count = await callsOfALife(scene)
    for (let lost = 0; lost < count; lost += 1) {
      const play = new Play(scene)
      const process = play.process()
      let made = 0
      process.after = () => {
        if (made++ === lost) throw new BackendError('uncertain', 'the answer was lost')
      }
      expect(await play.lasts(play.live(process))).toBe(true)
      await play.rig.time.advance(31_000)
      await process.results.chords.sweep()
      await play.deliver(process)
      expect(await play.end()).toEqual(expected(scene))
    }
  })
})
