import { randomUUID } from 'node:crypto'
import {
  chord,
  type Publisher,
  Results,
  type ResultsOptions,
  type Signature,
  task,
  type TaskMessage,
} from '@arpeggio/core'
import { faultProxy, redis, restartableRedis, type RestartableRedis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { RedisBackend, type RedisBackendOptions } from '../../../src/index.ts'
import { chance } from '../chance.ts'

const part = task<(slot: number) => number>('part')
const body = task<(values: readonly number[]) => void>('body')

const opened: Results[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((results) => results.close()))
})

/** Processes with one queue, which outlives them. */
class Stage {
  readonly published: TaskMessage[] = []

  open(backend: RedisBackendOptions, options: Partial<ResultsOptions> = {}): Results {
    const publisher: Publisher = { durable: true, publish: async (messages) => void this.published.push(...messages) }
    const results = new Results({ backend: new RedisBackend(backend), publisher, sweepSeconds: false, ...options })
    opened.push(results)
    return results
  }

  partsOf(id: string): readonly TaskMessage[] {
    return this.published.filter(({ group, task: name }) => group === id && name === 'part')
  }

  bodiesOf(id: string): readonly (readonly unknown[])[] {
    return this.published.filter(({ bodyOf }) => bodyOf === id).map(({ args }) => args)
  }
}

function headerOf(size: number): readonly Signature<number>[] {
  return Array.from({ length: size }, (_, slot) => part.s(slot))
}

async function finish(results: Results, message: TaskMessage | undefined): Promise<void> {
  if (message === undefined) throw new Error('there is no such part')
  await results.markAsDone(message.id, message.groupIndex, { request: message })
}

describe('parts whose answers are lost on the way', () => {
  it('[T-06] are counted once, and fire the body once, with every value', async () => {
    await using server = await redis({ own: true })
    await using proxy = await faultProxy(server.url)
    const stage = new Stage()
    let losses = 0
    const flaky = { onConnectionError: () => void losses++ }
    const mine = stage.open({ url: proxy.url }, flaky)
    const theirs = stage.open({ url: proxy.url }, flaky)
    const draw = chance(6)
    for (let round = 0; round < 25; round++) {
      const id = randomUUID()
      await mine.apply(chord(headerOf(10), body, { id }))
      // Somewhere in the answers to the ten, the last of which is long.
      proxy.cutAfter({ toClient: 1 + draw(150) })
      const parts = stage.partsOf(id)
      await Promise.all(parts.map((message, at) => finish(at % 2 === 0 ? mine : theirs, message)))
      expect(stage.bodiesOf(id)).toEqual([[parts.map((_, slot) => slot)]])
    }
    expect(losses).toBeGreaterThan(20)
  })
})

describe('[T-66] a master that dies before its replica has what it was told', () => {
  it('has lost no part that was acknowledged as replicated', async () => {
    await using pair = await Pair.start()
    const stage = new Stage()
    // Long enough for a busy machine, and tried no second time.
    const hasty = { maxRetries: 0 }
    const results = stage.open({ url: pair.master.url, durability: 'replicated', durableWithinMs: 4_000 }, hasty)
    const id = randomUUID()
    await results.apply(chord(headerOf(3), body, { id }))
    const [first, second, third] = stage.partsOf(id)
    await finish(results, first)
    await pair.partReplica()
    await expect(finish(results, second)).rejects.toMatchObject({ code: 'uncertain' })
    await pair.master.kill()
    const late = stage.open({ url: pair.replica.url })
    // What was not acknowledged is delivered again.
    for (const message of [second, third]) await finish(late, message)
    expect(stage.bodiesOf(id)).toEqual([[[0, 1, 2]]])
  })

  it('has lost one that was only fast, which the deadline then names', async () => {
    await using pair = await Pair.start()
    const stage = new Stage()
    const results = stage.open({ url: pair.master.url })
    const id = randomUUID()
    const handle = await results.apply(chord(headerOf(3), body, { id, deadlineSeconds: 1 }))
    const [first, second, third] = stage.partsOf(id)
    await finish(results, first)
    await pair.caughtUp(first?.id ?? '')
    await pair.partReplica()
    await finish(results, second)
    await pair.master.kill()
    const late = stage.open({ url: pair.replica.url })
    await finish(late, third)
    const end = async (): Promise<string> => {
      await late.chords.sweep()
      return (await late.chords.inspect(id)).state
    }
    await expect.poll(end, { timeout: 60_000 }).toBe('done')
    await expect(late.result(handle.id).get({ timeoutMs: 10_000 })).rejects.toThrow(second?.id)
    expect(stage.bodiesOf(id)).toEqual([])
  })
})

const patience = { timeout: 60_000, interval: 20 }

/** A master and its replica. */
class Pair implements AsyncDisposable {
  readonly master: RestartableRedis
  readonly replica: RestartableRedis
  readonly #admin: Redis

  private constructor(master: RestartableRedis, replica: RestartableRedis) {
    this.master = master
    this.replica = replica
    this.#admin = new Redis(replica.url)
  }

  static async start(): Promise<Pair> {
    const [master, replica] = await Promise.all([
      restartableRedis(['--repl-diskless-sync-delay', '0']),
      restartableRedis(),
    ])
    const pair = new Pair(master, replica)
    const { hostname, port } = new URL(master.url)
    await pair.#admin.replicaof(hostname, Number(port))
    await vi.waitUntil(async () => (await pair.#admin.info('replication')).includes('master_link_status:up'), patience)
    return pair
  }

  async caughtUp(taskId: string): Promise<void> {
    await vi.waitUntil(async () => (await this.#admin.exists(`celery-task-meta-${taskId}`)) === 1, patience)
  }

  /** The replica becomes a master with what it has. */
  async partReplica(): Promise<void> {
    await this.#admin.replicaof('NO', 'ONE')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#admin.disconnect()
    await Promise.all([this.master[Symbol.asyncDispose](), this.replica[Symbol.asyncDispose]()])
  }
}
