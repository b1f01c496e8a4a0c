import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Backend,
  BackendError,
  chord,
  type Key,
  type Publisher,
  type Results,
  type TaskMessage,
  wrap,
} from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { Chance } from '../chance.ts'
import { body, ChordStage, parts, succeed } from '../chord-stage.ts'
import { ledgerAround } from '../ledger-around.ts'

/** That neither a store nor a queue that fails for a while loses or doubles an outcome, nor a process that was paused. */
export const chordFaults: readonly Case[] = new ChapterCases('chords')
  .add('[T-06] writes whose answers are lost fire the body once, with every value', {
    musts: ['set with a condition'],
    async run(trial) {
      await using stage = new ChordStage(trial)
      for (let round = 0; round < Math.min(trial.rounds, 50); round++) {
        const chance = new Chance(round)
        const flaky = (): Results => stage.open(failingWrites(trial.backend, chance, { lost: 0.2, refused: 0 }))
        await finishAll(stage, [flaky(), flaky()], { id: `c-${round}`, chance, isPrompt: true })
      }
    },
  })
  .add('[T-21] a third of all writes refused for now delays a chord, and does nothing else to it', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      for (let round = 0; round < Math.min(trial.rounds, 50); round++) {
        const chance = new Chance(round)
        const busy = (): Results => stage.open(failingWrites(trial.backend, chance, { lost: 0.05, refused: 0.3 }))
        await finishAll(stage, [busy(), busy()], { id: `c-${round}`, chance, isPrompt: false })
      }
    },
  })
  .add('a store that is away in the middle of a chord neither loses nor doubles a part', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const outage = { isDown: false }
      const results = stage.open(interrupted(trial.backend, outage), { maxRetries: 3 })
      await results.apply(chord(parts(6), body, { id: 'c' }))
      const messages = stage.queue.partsOf('c')
      for (const message of messages.slice(0, 2)) await succeed(results, message, 'before')
      outage.isDown = true
      await Promise.all(messages.slice(2).map((message) => assert.rejects(succeed(results, message, 'during'))))
      outage.isDown = false
      await results.chords.sweep()
      stage.assertNoBody('c')
      for (const message of messages) await succeed(results, message, 'after')
      stage.assertBody('c', ['before', 'before', 'after', 'after', 'after', 'after'])
    },
  })
  .add('[T-03] a queue that takes no body when the last part returns gets it when it takes messages again', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const results = stage.open()
      await results.apply(chord(parts(2), body, { id: 'c' }))
      const [first, second] = stage.queue.partsOf('c')
      await succeed(results, first, 1)
      stage.queue.outage = new BackendError('unavailable', 'The queue is away')
      await succeed(results, second, 2)
      await results.chords.sweep()
      const { trouble, state } = await results.chords.inspect('c')
      assert.match(trouble ?? 'no trouble', /The queue is away/)
      assert.equal(state, 'dispatching')
      const metas = await results.getMany([first?.id ?? '', second?.id ?? ''])
      assert.deepEqual(
        metas.map(({ result }) => result),
        [1, 2],
      )
      stage.queue.outage = undefined
      await stage.pass(31)
      const another = await stage.openAnother()
      await another.chords.sweep()
      stage.assertBody('c', [1, 2])
      assert.equal((await another.chords.inspect('c')).state, 'done')
    },
  })
  .add('[T-05] a process that sleeps through its lease while it publishes publishes the same under the same id', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const gate = new Gate()
      const sleeper = stage.open(trial.backend, { publisher: gate.before(stage.queue, ({ bodyOf }) => bodyOf === 'c') })
      await sleeper.apply(chord(parts(2), body, { id: 'c' }))
      const [first, second] = stage.queue.partsOf('c')
      await succeed(sleeper, first, 1)
      const asleep = succeed(sleeper, second, 2)
      await gate.reached
      await stage.pass(31)
      const another = await stage.openAnother()
      await another.chords.sweep()
      stage.assertBody('c', [1, 2])
      const { state, attempt } = await another.chords.inspect('c')
      gate.open()
      await asleep
      stage.assertBody('c', [1, 2], 2)
      const end = await another.chords.inspect('c')
      assert.deepEqual([end.state, end.attempt], [state, attempt], 'the write of the sleeper is refused')
    },
  })
  .add(
    '[T-05] a process that sleeps between its claim and its decision decides and publishes nothing after another has',
    {
      async run(trial) {
        for (const nth of [2, 3, 4]) {
          await using stage = new ChordStage(trial)
          // Where a part claims in one step with its slot, nobody can sleep before the claim, and each part is a write.
          const isAtOnce = stage.countsParts()
          if (isAtOnce && nth === 2) continue
          const gate = new Gate()
          const id = `c-${nth}`
          const sleeper = stage.open(
            gate.beforeRecord(trial.backend, `arpeggio-chord-r:${id}`, isAtOnce ? nth + 1 : nth),
          )
          await sleeper.apply(chord(parts(2), body, { id }))
          const [first, second] = stage.queue.partsOf(id)
          await succeed(sleeper, first, 1)
          const asleep = succeed(sleeper, second, 2)
          await gate.reached
          await stage.pass(31)
          const before = stage.queue.bodiesOf(id).length
          await stage.open().chords.sweep()
          const after = stage.queue.bodiesOf(id).length
          gate.open()
          await asleep
          assert.equal(stage.queue.bodiesOf(id).length, after, 'the sleeper publishes nothing')
          assert.equal(after - before, 1 - before + (nth === 4 ? 1 : 0))
          stage.assertBody(id, [1, 2], after)
          assert.equal((await stage.open().chords.inspect(id)).state, 'done')
        }
      },
    },
  )
  .add('many processes that sweep and finish parts at once fire one body', {
    async run(trial) {
      await using stage = new ChordStage(trial)
      const processes = [stage.open(), await stage.openAnother(), stage.open(), stage.open()]
      for (let round = 0; round < Math.min(trial.rounds, 200); round++) {
        const id = `c-${round}`
        await processes[0]?.apply(chord(parts(3), body, { id }))
        const messages = stage.queue.partsOf(id)
        for (const message of messages.slice(1)) await processes[0]?.storeResult(message.id, 'stored', 'SUCCESS')
        await Promise.all([
          ...processes.map((results) => results.chords.sweep()),
          ...processes.map((results, index) => succeed(results, messages[index % 3], 'stored')),
        ])
        stage.assertBody(id, ['stored', 'stored', 'stored'])
      }
    },
  })
  .list()

interface Faults {
  /** The share of writes that happen without an answer. */
  readonly lost: number
  /** The share of writes that do not happen. */
  readonly refused: number
}

function failingWrites(backend: Backend, chance: Chance, { lost, refused }: Faults): Backend {
  const fate = async <Answer>(operation: () => Promise<Answer>): Promise<Answer> => {
    const drawn = chance.next()
    if (drawn < refused) throw new BackendError('unavailable', 'The store is busy')
    const answer = await operation()
    if (drawn < refused + lost) throw new BackendError('uncertain', 'The answer was lost')
    return answer
  }
  return aroundWrites(backend, fate)
}

function interrupted(backend: Backend, outage: { readonly isDown: boolean }): Backend {
  const attempt = async <Answer>(operation: () => Promise<Answer>): Promise<Answer> => {
    if (outage.isDown) throw new BackendError('unavailable', 'The store is away')
    return operation()
  }
  return wrap(aroundWrites(backend, attempt), {
    get: (key, options) => attempt(() => backend.get(key, options)),
    mget: (keys, options) => attempt(() => backend.mget(keys, options)),
  })
}

type Around = <Answer>(operation: () => Promise<Answer>, keys: readonly Key[]) => Promise<Answer>

function aroundWrites(backend: Backend, around: Around): Backend {
  const { bulk, guard, chords } = backend
  return wrap(backend, {
    set: (write, options) => around(() => backend.set(write, options), [write.key]),
    delete: (keys, options) => around(() => backend.delete(keys, options), keys),
    ...(bulk && {
      bulk: {
        set: (writes, options) =>
          around(
            () => bulk.set(writes, options),
            writes.map(({ key }) => key),
          ),
      },
    }),
    ...(guard && { guard: { set: (write, options) => around(() => guard.set(write, options), [write.key]) } }),
    ...(chords && { chords: ledgerAround(chords, around) }),
  })
}

interface Play {
  readonly id: string
  readonly chance: Chance
  /** Whether the last part itself must fire the chord: whoever lost an answer finds out what became of the write. */
  readonly isPrompt: boolean
}

/** Seven parts, on processes by turns, all at once; then whoever is left brings the chord to its end. */
async function finishAll(
  stage: ChordStage,
  processes: readonly Results[],
  { id, chance, isPrompt }: Play,
): Promise<void> {
  const [first] = processes
  await first?.apply(chord(parts(7), body, { id }))
  const messages = stage.queue.partsOf(id)
  const finish = (message: TaskMessage, index: number): Promise<void> =>
    succeed(processes[index % processes.length] ?? assert.fail(), message, message.groupIndex)
  await Promise.all(chance.shuffled(messages).map(finish))
  if (isPrompt) assert.ok(stage.queue.bodiesOf(id).length >= 1, `seed ${chance.seed}: the last part fired the chord`)
  await stage.pass(31)
  await stage.open().chords.sweep()
  const published = stage.queue.bodiesOf(id).length
  assert.ok(published >= 1, `seed ${chance.seed}: the body of ${id} was published`)
  stage.assertBody(id, [0, 1, 2, 3, 4, 5, 6], published)
}

/** Holds whoever comes to it until it is opened. */
class Gate {
  readonly #reached = Promise.withResolvers<void>()
  readonly #opened = Promise.withResolvers<void>()

  get reached(): Promise<void> {
    return this.#reached.promise
  }

  open(): void {
    this.#opened.resolve()
  }

  /** A queue into which such messages come late. */
  before(queue: Publisher, isHeld: (message: TaskMessage) => boolean): Publisher {
    const publish = async (messages: readonly TaskMessage[]): Promise<void> => {
      if (messages.some(isHeld)) await this.#pass()
      await queue.publish(messages)
    }
    return { durable: queue.durable, publish }
  }

  /** A store on which the nth write of a record comes late. */
  beforeRecord(backend: Backend, record: string, nth: number): Backend {
    let count = 0
    return aroundWrites(backend, async (operation, keys) => {
      if (keys.some((key) => key.endsWith(record)) && ++count === nth) await this.#pass()
      return operation()
    })
  }

  async #pass(): Promise<void> {
    this.#reached.resolve()
    await this.#opened.promise
    await nextTurn()
  }
}
