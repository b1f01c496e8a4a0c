import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { chord, Results, task, type TaskMessage } from '@arpeggio/core'
import { Redis } from 'ioredis'
import { expect, it, vi } from 'vitest'
import { restartableRedis, type RestartableRedis } from '@arpeggio/testing'
import { RedisBackend } from '../../../src/index.ts'
import { chance, shuffled } from '../chance.ts'
import { isFull } from '../test-size.ts'
import type { Answer, Delivery } from './hostile-worker.ts'

const chords = 200
const size = 20
const workers = 8
const patience = { timeout: 90_000, interval: 100 }
// Longer than the minute lasts: a part that returns after the tombstone leaves a key, with a lifetime, that nobody reads.
const sharing = { chordLeaseSeconds: 2, sweepSeconds: 1, tombstoneSeconds: 60, maxSleepMs: 500 }

const part = task<(slot: number) => unknown>('part')
const body = task<(values: readonly unknown[]) => void>('body')

/** A process that finishes parts until it is killed, and another in its place then. */
class Worker {
  readonly #url: string
  readonly #bodies: TaskMessage[]
  readonly #pending: Delivery[] = []
  #child: ChildProcess | undefined
  #isOver = false
  deaths = 0

  constructor(url: string, bodies: TaskMessage[]) {
    this.#url = url
    this.#bodies = bodies
    this.#start()
  }

  get isIdle(): boolean {
    return this.#pending.length === 0
  }

  deliver(delivery: Delivery): void {
    this.#pending.push(delivery)
    this.#send(delivery)
  }

  kill(): void {
    this.deaths += 1
    this.#child?.kill('SIGKILL')
  }

  async end(): Promise<void> {
    this.#isOver = true
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  #start(): void {
    const script = join(import.meta.dirname, 'hostile-worker.ts')
    const execArgv = ['--conditions=@arpeggio/source', '--no-warnings']
    const child = fork(script, [this.#url, JSON.stringify(sharing)], { execArgv })
    this.#child = child
    child.on('message', (answer) => this.#hear(answer as Answer)) // the script sends nothing else
    child.once('exit', () => {
      if (!this.#isOver) this.#start()
    })
    for (const delivery of this.#pending) this.#send(delivery)
  }

  #send(told: Delivery | { readonly acknowledged: number }): void {
    this.#child?.send(told, () => undefined) // a dead one is told again when it has risen
  }

  #hear(answer: Answer): void {
    if (answer.kind === 'publish') {
      this.#bodies.push(...answer.messages)
      this.#send({ acknowledged: answer.number })
      return
    }
    const at = this.#pending.findIndex(({ number }) => number === answer.number)
    if (at !== -1) this.#pending.splice(at, 1)
  }
}

it('[T-04] 200 chords come to one outcome each, with processes that die and a server that restarts', async () => {
  await using server = await restartableRedis()
  const draw = chance(42) // the same minute every time, as far as processes allow
  const bodies: TaskMessage[] = []
  const parts: TaskMessage[] = []
  const publish = async (messages: readonly TaskMessage[]): Promise<void> => {
    for (const message of messages) (message.task === 'part' ? parts : bodies).push(message)
  }
  const results = new Results({
    backend: new RedisBackend({ url: server.url }),
    publisher: { durable: true, publish },
    onWarning: () => undefined,
    ...sharing,
  })
  const slots = Array.from({ length: size }, (_, slot) => slot)
  for (let each = 0; each < chords; each++) {
    await results.apply(
      chord(
        slots.map((slot) => part.s(slot)),
        body,
        { id: `c-${each}` },
      ),
    )
  }
  const planned = parts.flatMap((message) => Array.from({ length: 1 + draw(3) }, (_, run) => ({ message, run })))
  const deliveries = shuffled(planned, draw)
  const crew = Array.from({ length: workers }, () => new Worker(server.url, bodies))
  try {
    const restarts = new Set([Math.floor(deliveries.length / 3), Math.floor((2 * deliveries.length) / 3)])
    for (const [number, { message, run }] of deliveries.entries()) {
      crew[number % workers]?.deliver({ number, message, value: `${message.groupIndex} in run ${run}` })
      if (number % 400 === 399) crew[draw(workers)]?.kill()
      if (restarts.has(number)) await restart(server)
      if (number % 200 === 199) await vi.waitUntil(() => crew.some(({ isIdle }) => isIdle), patience)
    }
    await vi.waitUntil(() => crew.every(({ isIdle }) => isIdle), patience)
    await vi.waitUntil(() => new Set(bodies.map(({ bodyOf }) => bodyOf)).size === chords, patience)
  } finally {
    await Promise.all(crew.map((worker) => worker.end()))
  }
  expect(crew.reduce((sum, { deaths }) => sum + deaths, 0)).toBeGreaterThan(5)
  await assertOneOutcomeEach(results, parts, bodies)
  await assertNothingStays(server.url)
  await results.close()
})

async function restart(server: RestartableRedis): Promise<void> {
  await server.kill()
  await server.start()
}

/** However often a body was published: one id, and in every slot what is stored for its task. */
async function assertOneOutcomeEach(
  results: Results,
  parts: readonly TaskMessage[],
  bodies: readonly TaskMessage[],
): Promise<void> {
  const byChord = Map.groupBy(bodies, ({ bodyOf }) => bodyOf ?? '')
  const wrong: unknown[] = []
  for (const [id, some] of byChord) {
    const own = parts.filter(({ group }) => group === id)
    const stored = (await results.getMany(own.map((message) => message.id))).map(({ result }) => result)
    const told = new Set(some.map((message) => JSON.stringify([message.id, message.args])))
    if (told.size !== 1 || JSON.stringify(some[0]?.args[0]) !== JSON.stringify(stored)) wrong.push({ id, told, stored })
  }
  expect(wrong).toEqual([])
}

/** What is left of chords goes with its tombstone: an ordinary run believes the server that it will. */
async function assertNothingStays(url: string): Promise<void> {
  const redis = new Redis(url)
  const longest = isFull ? -2 : sharing.tombstoneSeconds
  const staying = async (): Promise<readonly string[]> => {
    const keys = await redis.keys('*')
    const lives = await Promise.all(keys.map((key) => redis.ttl(key)))
    return keys.filter((key, at) => {
      const life = lives[at] ?? 0
      return life === -1 || (life > longest && !key.startsWith('celery-task-meta-'))
    })
  }
  try {
    await expect.poll(staying, { timeout: 120_000, interval: 200 }).toEqual([])
  } finally {
    redis.disconnect()
  }
}
