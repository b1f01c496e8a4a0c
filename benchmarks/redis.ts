import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { RedisBackend } from '@arpeggio/backend-redis'
import { Results } from '@arpeggio/core'
import { redis as startRedis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import type { Benchmark, Count } from './benchmark.ts'
import { inParallel } from './in-parallel.ts'
import type { Case, Goal, Round } from './measure.ts'
import { encodedMeta, ordinaryId, ordinaryKey } from './ordinary-meta.ts'
import type { Crowd } from './redis-waiters.ts'
import { gettingMany, type Opened, storing, throughResults } from './results-cases.ts'
import { withRedis } from './with-redis.ts'

const server = await startRedis({ own: true })
const { url } = server

/** What a checked store needs: nothing over a success, a lifetime, and a message to whoever waits. */
const checkedStore = `
local old = redis.call('GETRANGE', KEYS[1], 0, 99)
if string.find(old, '"status": "SUCCESS"', 1, true) then return 0 end
redis.call('SETEX', KEYS[1], ARGV[2], ARGV[1])
redis.call('PUBLISH', KEYS[1], ARGV[1])
return 1`
const digest = String(await withRedis(url, (client) => client.script('LOAD', checkedStore)))

const thousand = Array.from({ length: 1000 }, (_, index) => index)
const ids = thousand.map(ordinaryId)

/** Redis through everything that `Results` does, against ioredis doing the same. */
export const redis: Benchmark = {
  summary: `storing, reading and waiting in ${server.detail}, against ioredis alone`,
  sections: [
    {
      title: 'checked store, 100 in flight',
      cases: [
        rawStore(20_000, 100),
        storing({ operations: 20_000, concurrency: 100, goal: { timesFloor: 1.18 }, open: opened }),
      ],
    },
    {
      title: 'checked store, alone',
      rounds: 15,
      cases: [
        rawStore(3000, 1),
        storing({ operations: 3000, concurrency: 1, goal: { timesFloor: 1.11 }, open: opened }),
      ],
    },
    {
      title: 'reading 1000 results',
      rounds: 41,
      cases: [
        rawRead(20),
        gettingMany({ ids, operations: 20, goal: { timesFloor: 1.25 }, open: filled }),
        gets(20, { timesFloor: 1.7 }),
      ],
    },
    // A tenth and 0.05 ms more than a bare subscriber, which needs about a third of a millisecond.
    { title: 'wake-up, one at a time', rounds: 21, cases: [rawWake(400), wake(400, { timesFloor: 1.25 })] },
    { title: '10,000 waiters, from the first store on', cases: [rawWaiters(10_000), waiters(10_000)] },
  ],
  tallies: [{ title: '10,000 waiters in a process of their own', count: crowd }],
}

async function rawRound(run: (client: Redis) => Promise<unknown>): Promise<Round> {
  const client = new Redis(url)
  await client.flushall()
  return {
    run: async () => {
      await run(client)
    },
    close: () => client.disconnect(),
  }
}

async function opened(): Promise<Opened> {
  await withRedis(url, (client) => client.flushall())
  return { backend: new RedisBackend({ url }) }
}

/** With a thousand results. */
async function filled(): Promise<Opened> {
  const empty = await opened()
  await fill()
  return empty
}

function rawStore(operations: number, concurrency: number): Case {
  return {
    name: 'EVALSHA',
    operations,
    prepare: () =>
      rawRound((client) =>
        inParallel(operations, concurrency, (index) =>
          client.evalsha(digest, 1, ordinaryKey(index), encodedMeta(index), 86_400),
        ),
      ),
  }
}

async function fill(): Promise<void> {
  await withRedis(url, async (client) => {
    await client.mset(thousand.flatMap((index) => [ordinaryKey(index), encodedMeta(index)]))
  })
}

function rawRead(operations: number): Case {
  const keys = thousand.map(ordinaryKey)
  return {
    name: 'MGET and JSON.parse',
    operations,
    prepare: async () => {
      const prepared = await rawRound((client) =>
        inParallel(operations, 1, async () => (await client.mget(keys)).map((text) => JSON.parse(text ?? 'null'))),
      )
      await fill()
      return prepared
    },
  }
}

function gets(operations: number, goal: Goal): Case {
  return throughResults({
    name: '1000 × result(id).get()',
    operations,
    goal,
    open: filled,
    run: (results) =>
      inParallel(operations, 1, () => Promise.all(ids.map((id) => results.result(id).get({ timeoutMs: 10_000 })))),
  })
}

function rawWake(operations: number): Case {
  return {
    name: 'SUBSCRIBE',
    operations,
    prepare: async () => {
      const [subscriber, storer] = [new Redis(url), new Redis(url)]
      const waiting = new Map<string, () => void>()
      subscriber.on('message', (channel, text) => {
        JSON.parse(text)
        waiting.get(channel)?.()
      })
      await subscriber.subscribe(...Array.from({ length: operations }, (_, index) => ordinaryKey(index)))
      await storer.flushall()
      return {
        run: () =>
          inParallel(operations, 1, async (index) => {
            const woken = new Promise<void>((resolve) => waiting.set(ordinaryKey(index), resolve))
            await Promise.all([woken, storer.evalsha(digest, 1, ordinaryKey(index), encodedMeta(index), 86_400)])
          }),
        close: () => {
          subscriber.disconnect()
          storer.disconnect()
        },
      }
    },
  }
}

function wake(operations: number, goal: Goal): Case {
  return {
    name: 'results.waitFor',
    operations,
    goal,
    prepare: async () => {
      const { storer, waits, close } = await waitingFor(operations)
      return {
        run: () =>
          inParallel(operations, 1, async (index) => {
            await Promise.all([waits[index], storer.evalsha(digest, 1, ordinaryKey(index), encodedMeta(index), 86_400)])
          }),
        close,
      }
    },
  }
}

interface Waiting {
  readonly storer: Redis
  readonly waits: readonly Promise<unknown>[]
  readonly close: () => Promise<void>
}

/** That many waiters, all subscribed. */
async function waitingFor(count: number): Promise<Waiting> {
  const storer = new Redis(url)
  await storer.flushall()
  const results = new Results({ backend: new RedisBackend({ url }) })
  const waits = Array.from({ length: count }, (_, index) => results.waitFor(`id-${index}`, { timeoutMs: 60_000 }))
  while (results.waits.subscriptions < count) await storer.ping()
  const close = async (): Promise<void> => {
    storer.disconnect()
    await results.close()
  }
  return { storer, waits, close }
}

/** Stores them all, in the same process, 100 at a time. */
function storeAll(client: Redis, count: number): Promise<void> {
  return inParallel(count, 100, (index) => client.evalsha(digest, 1, ordinaryKey(index), encodedMeta(index), 86_400))
}

function rawWaiters(count: number): Case {
  return {
    name: 'SUBSCRIBE to 10,000 channels',
    operations: count,
    prepare: async () => {
      const subscriber = new Redis(url)
      const storer = new Redis(url)
      await storer.flushall()
      let missing = count
      const { promise: all, resolve } = Promise.withResolvers<void>()
      subscriber.on('message', (_channel, text) => {
        JSON.parse(text)
        if (--missing === 0) resolve()
      })
      await subscriber.subscribe(...Array.from({ length: count }, (_, index) => ordinaryKey(index)))
      return {
        run: async () => {
          await Promise.all([storeAll(storer, count), all])
        },
        close: () => {
          subscriber.disconnect()
          storer.disconnect()
        },
      }
    },
  }
}

function waiters(count: number): Case {
  return {
    name: '10,000 × results.waitFor',
    operations: count,
    prepare: async () => {
      const { storer, waits, close } = await waitingFor(count)
      return {
        run: async () => {
          await Promise.all([storeAll(storer, count), ...waits])
        },
        close,
      }
    },
  }
}

async function crowd(): Promise<readonly Count[]> {
  const script = fileURLToPath(new URL('redis-waiters.ts', import.meta.url))
  const flags = ['--expose-gc', '--conditions=@arpeggio/source']
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, url])
  const found = JSON.parse(stdout) as Crowd // what that program prints
  return [
    { name: 'resident memory while they wait, MB', value: found.residentMb, most: 35 },
    { name: 'of the next 10,000, MB', value: found.residentOfNextMb, most: 35 },
    { name: 'heap after the first, MB', value: found.heapAfterMb, most: 10 },
    { name: 'from the last store to the last wake-up, ms', value: found.lastStoreToLastWakeMs, most: 25 },
    { name: 'connections that subscribe', value: found.connections, most: 1 },
    { name: 'commands per second while nothing happens', value: found.commandsPerSecond, most: 20 },
  ]
}
