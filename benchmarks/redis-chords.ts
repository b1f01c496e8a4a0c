import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { RedisBackend } from '@arpeggio/backend-redis'
import { chord, type ChordResults, type Publisher, Results, task, type TaskMessage } from '@arpeggio/core'
import { celery, redis as startRedis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import type { Benchmark, Count } from './benchmark.ts'
import { bullmqParts } from './bullmq-parts.ts'
import { inParallel } from './in-parallel.ts'
import type { Case, Goal, Round } from './measure.ts'
import { ordinaryMeta } from './ordinary-meta.ts'
import { median } from './statistics.ts'
import { withRedis } from './with-redis.ts'

const server = await startRedis({ own: true })
const { url } = server

const IN_FLIGHT = 100
const SMALL = 1_000
const LARGE = 100_000
const value = 'x'.repeat(100)

/** The least that a part on Celery's keys can do: store, tell, add, count, look at the size, and keep it all alive. */
const barePart = `
redis.call('SETEX', KEYS[1], ARGV[1], ARGV[2])
redis.call('PUBLISH', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
local count = redis.call('ZCARD', KEYS[2])
local sizes = redis.call('MGET', KEYS[3], KEYS[4])
redis.call('EXPIRE', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[3], ARGV[1])
redis.call('EXPIRE', KEYS[4], ARGV[1])
if sizes[1] and count == tonumber(sizes[1]) then redis.call('DEL', KEYS[3]) end
return count`
const digest = String(await withRedis(url, (client) => client.script('LOAD', barePart)))

const part = task<(index: number) => string>('part')
const byValue = task<(values: readonly string[]) => void>('body')
const byReference = task<(values: ChordResults<string>) => void>('body')

/** Chords on Redis through everything that `Results` does, against one bare script on the same keys. */
export const redisChords: Benchmark = {
  summary: `finished parts and ended chords in ${server.detail}, ${IN_FLIGHT} in flight, against the least that could do`,
  sections: [
    {
      title: `a finished part, ${SMALL.toLocaleString('en')} to a chord`,
      cases: [
        rawParts(20, SMALL),
        parts(20, SMALL, {}, { timesFloor: 1.18 }),
        parts(20, SMALL, { peers: 'celery', firing: 'shared' }),
        parts(20, SMALL, { peers: 'celery', firing: 'captured' }),
        bullmqParts({ url, flows: 4, size: SMALL, inFlight: IN_FLIGHT, value }),
      ],
    },
    {
      title: `a finished part, ${LARGE.toLocaleString('en')} to a chord`,
      cases: [rawParts(1, LARGE), parts(1, LARGE, {}, { timesFloor: 1.25 })],
    },
    {
      title: 'from the last of 10,000 parts to the body, by value',
      rounds: 25,
      cases: [rawTail(10_000), tail(10_000, 'value', { timesFloor: 1.2 })],
    },
  ],
  tallies: [
    { title: 'bytes of a part, beside its result', count: bytes },
    { title: `from the last of ${LARGE.toLocaleString('en')} parts to the body`, count: largeTails },
    { title: "a part in Celery's own backend, parts per second", count: ofCelery },
  ],
}

function document(index: number): string {
  return JSON.stringify({ ...ordinaryMeta(`task-${index}`, index), result: value })
}

function member(index: number): string {
  return `[1, "00000000-0000-4000-8000-${String(index).padStart(12, '0')}", "SUCCESS", "${value}"]`
}

function rawPart(client: Redis, name: string, index: number): Promise<unknown> {
  const keys = [`celery-task-meta-${name}-${index}`, `${name}.j`, `${name}.s`, `${name}.t`]
  return client.evalsha(digest, keys.length, ...keys, 86_400, document(index), index, member(index))
}

function rawParts(chords: number, size: number): Case {
  return {
    name: 'one script with the least commands',
    operations: chords * (size - 1),
    prepare: async (): Promise<Round> => {
      const client = new Redis(url)
      await client.flushall()
      for (let each = 0; each < chords; each++) await client.set(`c${each}.s`, size)
      return {
        run: async () => {
          for (let each = 0; each < chords; each++) {
            await inParallel(size - 1, IN_FLIGHT, (index) => rawPart(client, `c${each}`, index))
          }
        },
        close: () => client.disconnect(),
      }
    },
  }
}

type Sharing = Pick<ConstructorParameters<typeof Results>[0], 'peers' | 'firing'>

/** Started chords without their last part. */
function parts(chords: number, size: number, sharing: Sharing, goal?: Goal): Case {
  return {
    name: ['Results.markAsDone', ...Object.values(sharing)].join(', '),
    operations: chords * (size - 1),
    ...(goal && { goal }),
    prepare: async (): Promise<Round> => {
      const { results, start } = await opened(sharing)
      const messages: (readonly TaskMessage[])[] = []
      for (let each = 0; each < chords; each++) messages.push(await start(size, 'value'))
      return {
        run: async () => {
          for (const each of messages) await finish(results, each.slice(1))
        },
        close: () => results.close(),
      }
    },
  }
}

function rawTail(size: number): Case {
  return {
    name: 'ZRANGE and JSON.parse',
    operations: 1,
    prepare: async (): Promise<Round> => {
      const client = new Redis(url)
      await client.flushall()
      await inParallel(size, IN_FLIGHT, (index) => rawPart(client, 'c', index))
      return {
        run: async () => {
          const members = await client.zrange('c.j', 0, '-1')
          const values = members.map((each) => (JSON.parse(each) as readonly unknown[])[3])
          if (values.length !== size) throw new Error('some are missing')
        },
        close: () => client.disconnect(),
      }
    },
  }
}

function tail(size: number, results: 'value' | 'reference', goal?: Goal): Case {
  return {
    name: `Results.markAsDone of the last, by ${results}`,
    operations: 1,
    ...(goal && { goal }),
    prepare: async (): Promise<Round> => {
      const open = await opened({})
      const [last, ...others] = await open.start(size, results)
      await finish(open.results, others)
      let marked: Promise<void> | undefined
      return {
        run: async () => {
          const published = open.nextMessage()
          marked = finish(open.results, last === undefined ? [] : [last])
          await published
        },
        close: async () => {
          await marked
          await open.results.close()
        },
      }
    },
  }
}

interface Opened {
  readonly results: Results
  /** Starts a chord and answers with the messages of its parts. */
  readonly start: (size: number, results: 'value' | 'reference') => Promise<readonly TaskMessage[]>
  readonly nextMessage: () => Promise<void>
}

async function opened(sharing: Sharing): Promise<Opened> {
  await withRedis(url, (client) => client.flushall())
  let messages: TaskMessage[] = []
  let next = Promise.withResolvers<void>()
  const publisher: Publisher = {
    durable: true,
    publish: async (some) => {
      messages.push(...some)
      next.resolve()
    },
  }
  const results = new Results({ backend: new RedisBackend({ url }), publisher, sweepSeconds: false, ...sharing })
  return {
    results,
    nextMessage: () => {
      next = Promise.withResolvers<void>()
      return next.promise
    },
    start: async (size, kind) => {
      messages = []
      const header = range(size).map((index) => part.s(index))
      if (kind === 'value') await results.apply(chord(header, byValue))
      else await results.apply(chord(header, byReference, { results: 'reference' }))
      return messages
    },
  }
}

function finish(results: Results, messages: readonly TaskMessage[]): Promise<void> {
  return inParallel(messages.length, IN_FLIGHT, async (index) => {
    const message = messages[index]
    if (message !== undefined) await results.markAsDone(message.id, value, { request: message })
  })
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index)
}

/** Of the set that holds the parts, as the server counts it, with ids as long as Celery's. */
async function bytes(): Promise<readonly Count[]> {
  return await withRedis(url, async (client) => {
    const usage = async (key: string): Promise<number> =>
      Number(await client.call('MEMORY', 'USAGE', key, 'SAMPLES', 0))
    await client.flushall()
    await inParallel(SMALL, IN_FLIGHT, (index) => rawPart(client, 'c', index))
    const celerys = (await usage('c.j')) / SMALL
    const counts: Count[] = [{ name: "Celery's members", value: celerys }]
    for (const sharing of [{}, { peers: 'celery', firing: 'captured' }] as const) {
      const { results, start } = await opened(sharing)
      await finish(results, (await start(SMALL, 'value')).slice(1))
      const [key = ''] = await client.keys('*.j')
      const name = Object.values(sharing).join(', ') || 'alone'
      counts.push({ name: `ours, ${name}`, value: (await usage(key)) / (SMALL - 1), most: celerys * 1.05 })
      const record = key.replace(/\.j$/u, '.f')
      counts.push({ name: `our record, ${name}, per chord`, value: await usage(record) })
      await results.close()
    }
    return counts
  })
}

/** Few times each: to make such a chord takes much longer than to end it. */
async function largeTails(): Promise<readonly Count[]> {
  const rounds: { raw: number; value: LargeTail; reference: LargeTail }[] = []
  for (let round = 0; round < 3; round += 1) {
    const raw = await rawTail(LARGE).prepare(round)
    const floor = await msOf(async () => raw.run())
    await raw.close?.()
    rounds.push({ raw: floor, value: await largeTail('value'), reference: await largeTail('reference') })
  }
  const stallMs = (kind: 'value' | 'reference'): number => Math.max(...rounds.map((round) => round[kind].stallMs))
  return [
    { name: 'ZRANGE and JSON.parse, ms', value: median(rounds.map(({ raw }) => raw)) },
    { name: 'by value, ms', value: median(rounds.map(({ value }) => value.ms)) },
    { name: 'by value, × floor', value: median(rounds.map(({ raw, value }) => value.ms / raw)), most: 1.2 },
    { name: 'by value, the longest stall of the event loop, ms', value: stallMs('value'), most: 50 },
    { name: 'by reference, ms', value: median(rounds.map(({ reference }) => reference.ms)), most: 3 },
    { name: 'by reference, the longest stall of the event loop, ms', value: stallMs('reference'), most: 50 },
  ]
}

interface LargeTail {
  readonly ms: number
  readonly stallMs: number
}

async function largeTail(kind: 'value' | 'reference'): Promise<LargeTail> {
  const { results, start, nextMessage } = await opened({})
  const [last, ...others] = await start(LARGE, kind)
  await finish(results, others)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const published = nextMessage()
  const marked = finish(results, last === undefined ? [] : [last])
  const ms = await msOf(() => published)
  delay.disable()
  await marked
  await results.close()
  return { ms, stallMs: delay.max / 1e6 }
}

async function msOf(work: () => Promise<void>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

async function ofCelery(): Promise<readonly Count[]> {
  const { python, detail } = await celery()
  const script = fileURLToPath(new URL('celery_parts.py', import.meta.url))
  const { stdout } = await promisify(execFile)(python, [script, url, '2000'])
  return [{ name: `${detail}, one process`, value: Number(stdout) }]
}
