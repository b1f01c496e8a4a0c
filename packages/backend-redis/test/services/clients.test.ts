import { cases, type Chapter, register } from '@arpeggio/conformance'
import { type Backend, Results } from '@arpeggio/core'
import { redis } from '@arpeggio/testing'
import { Redis, type RedisOptions } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { afterAll, describe, expect, it } from 'vitest'
import { RedisBackend, type RedisBackendOptions, type RedisClient } from '../../src/index.ts'
import { harnessOf, killSubscribersOf, nameOf, registerRow, uniqueId } from './redis-harness.ts'

const { url } = await redis()
const admin = new Redis(url)
afterAll(() => admin.disconnect())

/** What an application needs to be allowed, as the README lists it. */
const permissions = [
  '+get +mget +set +getrange +exists +unlink +incrby +expire +scan +time +publish +evalsha +eval',
  '+subscribe +unsubscribe +ping +info +hello +client|setname',
].flatMap((line) => line.split(' '))
await admin.call(
  'ACL',
  'SETUSER',
  'worker',
  'reset',
  'on',
  '>secret',
  'allkeys',
  'allchannels',
  '-@all',
  ...permissions,
)

const { hostname: host, port } = new URL(url)
const place = { host, port: Number(port) }

interface Variant {
  readonly name: string
  /** With a name for its connections. */
  readonly options: (name: string) => RedisBackendOptions
}

function passed(name: string, make: (place: Place) => RedisClient): Variant {
  return { name, options: (connectionName) => ({ client: make({ ...place, connectionName }) }) }
}

interface Place {
  readonly host: string
  readonly port: number
  readonly connectionName: string
}

function ioredis(options: RedisOptions): (place: Place) => RedisClient {
  return (place) => new Redis({ ...place, ...options } as RedisOptions & { replyMapping?: 'legacy' })
}

const pipelining = passed('[T-65] ioredis 6.0.0 with auto-pipelining', ioredis({ enableAutoPipelining: true }))

const variants: readonly Variant[] = [
  passed('ioredis 6.0.0', ioredis({})),
  pipelining,
  passed('ioredis 6.0.0 over RESP2', ioredis({ protocol: 2 })),
  passed('ioredis 6.0.0 with replyMapping resp3 and numbers as strings', (place) => {
    return new Redis({ ...place, replyMapping: 'resp3', stringNumbers: true })
  }),
  passed('ioredis 5.4.0', (place) => new Redis5({ ...place })),
  passed('[T-65] ioredis 5.4.0 with auto-pipelining', (place) => new Redis5({ ...place, enableAutoPipelining: true })),
  {
    name: 'a user with the permissions of the README',
    options: (clientName) => ({ ...place, clientName, username: 'worker', password: 'secret' }),
  },
  { name: 'three connections', options: (clientName) => ({ url, clientName, maxConnections: 3 }) },
]

// Chords and groups use the same operations; the rows of the server and of auto-pipelining run them.
const chapters: ReadonlySet<Chapter> = new Set([
  'reading',
  'storing',
  'waiting',
  'life cycle',
  'errors',
  'abilities',
  'concurrency',
])
const chosen = cases.filter(({ chapter }) => chapters.has(chapter))

for (const variant of variants) {
  const { name, options } = variant
  const row = {
    name,
    options: async () => options(uniqueId()),
    release: ({ client }: RedisBackendOptions) => client?.disconnect(),
    killSubscribers: (backend: Backend) => killSubscribersOf(admin, nameOf(backend)),
  }
  const runner = { describe: describe.concurrent, it }
  if (variant === pipelining) registerRow(row, runner)
  else register(harnessOf(row), runner, chosen)
}

/** The connections that carry this name, and how many of them subscribe. */
async function connectionsOf(name: string): Promise<{ readonly all: number; readonly subscribing: number }> {
  const lines = String(await admin.client('LIST'))
    .split('\n')
    .filter((line) => line.includes(` name=${name} `))
  return { all: lines.length, subscribing: lines.filter((line) => !/ sub=0 /u.test(line)).length }
}

describe('a client that is passed in', () => {
  it('is never closed, and never put into subscriber mode; ours is opened at the first wait and goes with the last', async () => {
    const name = uniqueId()
    const client = new Redis({ ...place, connectionName: name, protocol: 2 })
    const results = new Results({ backend: new RedisBackend({ client }) })
    await results.markAsDone(name, 1)
    expect(await connectionsOf(name)).toEqual({ all: 1, subscribing: 0 })
    const waiting = results.waitFor(`${name}-2`, { timeoutMs: 20_000 })
    await expect.poll(() => connectionsOf(name)).toEqual({ all: 2, subscribing: 1 })
    await results.markAsDone(`${name}-2`, 2)
    expect(await waiting).toMatchObject({ result: 2 })
    expect(client.mode).toBe('normal')
    await results.close()
    await expect.poll(() => connectionsOf(name)).toEqual({ all: 1, subscribing: 0 })
    expect(await client.ping()).toBe('PONG')
    expect(client.eventNames()).toEqual([])
    client.disconnect()
  })

  it('with a keyPrefix is refused, and the sentence says what to do', () => {
    const client = new Redis({ ...place, keyPrefix: 'app:', lazyConnect: true })
    expect(() => new RedisBackend({ client })).toThrow(
      expect.objectContaining({
        code: 'misconfigured',
        message: expect.stringMatching(/keyPrefix "app:".*globalKeyprefix to Results/su),
      }),
    )
  })

  it('cannot publish in shards unless it is a Cluster', () => {
    const client = new Redis({ ...place, lazyConnect: true })
    expect(() => new RedisBackend({ client, pubsub: 'sharded' })).toThrow(
      expect.objectContaining({ code: 'misconfigured' }),
    )
  })

  it('is what `client` answers', async () => {
    const client = new Redis({ ...place, lazyConnect: true })
    await using backend = new RedisBackend({ client })
    expect(backend.client).toBe(client)
  })
})

describe('[R4] a client of ours', () => {
  it('is made at the first use, one for all, and closed with the backend', async () => {
    const name = uniqueId()
    const backend = new RedisBackend({ ...place, clientName: name })
    expect(backend.client).toBe(backend.client)
    expect(await connectionsOf(name)).toMatchObject({ all: 0 })
    await Promise.all([backend.get('a'), backend.get('b')])
    expect(await connectionsOf(name)).toMatchObject({ all: 1 })
    await backend[Symbol.asyncDispose]()
    await expect.poll(() => connectionsOf(name)).toMatchObject({ all: 0 })
  })

  it('is one of as many as maxConnections says, in turns', async () => {
    const name = uniqueId()
    await using backend = new RedisBackend({ ...place, clientName: name, maxConnections: 3 })
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => backend.get(key)))
    expect(await connectionsOf(name)).toMatchObject({ all: 3 })
  })

  it('uses the database of its address', async () => {
    await using backend = new RedisBackend({ url: `${url}/7` })
    const key = uniqueId()
    await backend.set({ key, value: 'x' })
    const other = new Redis({ ...place, db: 7 })
    expect([await other.get(key), await admin.get(key)]).toEqual(['x', null])
    other.disconnect()
  })
})

describe('who may not', () => {
  it.each([
    ['a wrong password', { username: 'worker', password: 'wrong' }],
    ['a database that is not there', { db: 4000 }],
  ])('%s is misconfigured', async (_name, options) => {
    await using backend = new RedisBackend({ ...place, ...options })
    await expect(backend.get('a')).rejects.toMatchObject({ code: 'misconfigured' })
  })

  it('do a command is misconfigured, and so is a channel that may not be heard', async () => {
    await admin.call(
      'ACL',
      'SETUSER',
      'reader',
      'reset',
      'on',
      '>secret',
      'allkeys',
      '-@all',
      '+get',
      '+info',
      '+hello',
      '+subscribe',
      '+ping',
    )
    await using backend = new RedisBackend({ ...place, username: 'reader', password: 'secret' })
    expect(await backend.get(uniqueId())).toBeUndefined()
    await expect(backend.set({ key: 'a', value: 'x' })).rejects.toMatchObject({ code: 'misconfigured' })
    const stream = await backend.notifications.open(() => {})
    await expect(stream.subscribe(['a'])).rejects.toMatchObject({ code: 'misconfigured' })
  })

  it('be reached is unavailable', async () => {
    await using backend = new RedisBackend({ host: '127.0.0.1', port: 1 })
    await expect(backend.get('a')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
    await expect(backend.notifications.open(() => {})).rejects.toMatchObject({ code: 'unavailable' })
  })
})
