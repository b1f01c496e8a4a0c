import { BackendError, type Codec, Results } from '@arpeggio/core'
import { redis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RedisBackend } from '../../src/index.ts'
import { scripts } from '../../src/scripts.ts'
import { uniqueId } from './redis-harness.ts'

// A server of its own, because some tests read its statistics.
const server = await redis({ own: true })
const { url } = server
const raw = new Redis(url)
afterAll(async () => {
  raw.disconnect()
  await server[Symbol.asyncDispose]()
})

let backend: RedisBackend
let results: Results
let id: string
let key: string

beforeEach(() => {
  backend = new RedisBackend({ url })
  results = new Results({ backend })
  id = uniqueId()
  key = `celery-task-meta-${id}`
})

afterEach(async () => {
  await results.close()
})

/** What a server was asked to do, while `during` ran, about keys that contain `part`. */
async function commandsDuring(part: string, during: () => Promise<unknown>): Promise<readonly string[][]> {
  const monitor = await raw.monitor()
  const seen: { readonly at: number; readonly args: string[]; readonly source: string }[] = []
  monitor.on('monitor', (time: string, args: string[], source: string) => {
    if (args.some((arg) => arg.includes(part))) seen.push({ at: Number(time), args, source })
  })
  await during()
  const last = uniqueId() + part
  await raw.get(last)
  await expect.poll(() => seen.some(({ args }) => args.includes(last))).toBe(true)
  monitor.disconnect()
  return seen.filter(({ args, source }) => !args.includes(last) && source !== 'lua').map(({ args }) => args)
}

describe('what Celery sees', () => {
  it('[R1] [R9] a result is one key with a lifetime in whole seconds, published on the channel of that name', async () => {
    const messages: string[][] = []
    const listener = new Redis(url)
    await listener.subscribe(key)
    listener.on('message', (channel, text) => messages.push([channel, text]))
    await results.markAsDone(id, { sum: 3 })
    const stored = await raw.get(key)
    await expect.poll(() => messages).toEqual([[key, stored]])
    expect(JSON.parse(stored ?? '')).toMatchObject({ status: 'SUCCESS', result: { sum: 3 }, task_id: id })
    const ttl = await raw.ttl(key)
    expect(ttl).toBeGreaterThan(86_000)
    expect(ttl).toBeLessThanOrEqual(86_400)
    listener.disconnect()
  })

  it('[R9] a result without expiry has none, and a write takes away the one that was there', async () => {
    await raw.set(key, '{"status": "STARTED"}', 'EX', 100)
    await using eternal = new Results({ backend: new RedisBackend({ url }), expiresInSeconds: null })
    await eternal.markAsDone(id, 1)
    expect(await raw.ttl(key)).toBe(-1)
  })

  it('every state is published, started and progress too', async () => {
    const states: unknown[] = []
    const listener = new Redis(url)
    await listener.subscribe(key)
    listener.on('message', (_channel, text) => states.push(JSON.parse(text).status))
    await results.markAsStarted(id)
    await results.updateState(id, 'PROGRESS', { done: 1 })
    await results.markAsDone(id, 1)
    await expect.poll(() => states).toEqual(['STARTED', 'PROGRESS', 'SUCCESS'])
    listener.disconnect()
  })

  it('a global prefix stands before key and channel, with an underscore where none separates it', async () => {
    for (const [globalKeyprefix, start] of [
      ['app', 'app_'],
      ['app:', 'app:'],
    ] as const) {
      const listener = new Redis(url)
      const heard: string[] = []
      await listener.subscribe(start + key)
      listener.on('message', (channel) => heard.push(channel))
      await using prefixed = new Results({ backend: new RedisBackend({ url }), globalKeyprefix })
      await prefixed.markAsDone(id, 1)
      expect(await raw.exists(start + key)).toBe(1)
      await expect.poll(() => heard).toEqual([start + key])
      listener.disconnect()
    }
  })

  it('[R9] forget removes the key, and tells waiters of Celery nothing that would end them', async () => {
    await results.markAsDone(id, 1)
    const heard: string[] = []
    const listener = new Redis(url)
    await listener.subscribe(key)
    listener.on('message', (_channel, text) => heard.push(text))
    await results.forget(id)
    expect(await raw.exists(key)).toBe(0)
    await expect.poll(() => heard).toEqual(['{"status": "PENDING"}'])
    await results.forget(id)
    expect(await results.getState(id)).toBe('PENDING')
    listener.disconnect()
  })

  it('a document that only Celery can read stays as it is, and any other is read', async () => {
    const pickle = Buffer.from('8005950d0000000000000', 'hex')
    await raw.set(key, pickle)
    await expect(results.markAsDone(id, 1)).rejects.toMatchObject({ code: 'unreadable' })
    expect(await raw.getBuffer(key)).toEqual(pickle)
  })

  it('[R1] a message that is no document ends no waiter, and one of another task wakes none', async () => {
    const waiting = results.waitFor(id, { timeoutMs: 10_000 })
    await expect.poll(async () => (await raw.pubsub('NUMSUB', key))[1]).toBe(1)
    for (const text of ['', 'no document', '{"status": "SUCCESS"}', '{"status": "SUCCESS", "task_id": "other"}']) {
      await raw.publish(key, text)
    }
    await results.markAsDone(id, 'real')
    expect(await waiting).toMatchObject({ result: 'real' })
  })

  it('what a fire-and-forget caller does subscribes to nothing (on_task_call)', async () => {
    results.onTaskCall(id)
    await results.markAsDone(id, 1)
    expect((await raw.pubsub('NUMSUB', key))[1]).toBe(0)
  })

  it('a value takes no more room than the one that Celery writes', async () => {
    await results.markAsDone(id, { sum: 3 })
    const ours = Number(await raw.memory('USAGE', key))
    const celery = `{"status": "SUCCESS", "result": {"sum": 3}, "traceback": null, "children": [], "date_done": "2026-11-21T10:00:00.000000+00:00", "task_id": "${id}"}`
    await raw.set(`${key}x`.slice(1), celery, 'EX', 86_400)
    const theirs = Number(await raw.memory('USAGE', `${key}x`.slice(1)))
    expect(ours / theirs).toBeLessThanOrEqual(1.05)
  })
})

describe('[R9] incr and expire', () => {
  it('count, and give a lifetime to what is there', async () => {
    expect([await backend.incr(key), await backend.incr(key)]).toEqual([1, 2])
    expect(await backend.expire(key, 100)).toBe(true)
    expect(await raw.ttl(key)).toBeGreaterThan(90)
    expect(await backend.expire(`${key}-none`, 100)).toBe(false)
  })
})

describe('one trip a store', () => {
  it('whether it is written, kept, or met by others at the same time', async () => {
    await backend.get(key)
    await results.markAsDone('warm-up', 1)
    const stores = (): Promise<unknown> => Promise.all([1, 2, 3, 4, 5].map((value) => results.markAsDone(id, value)))
    const commands = await commandsDuring(id, stores)
    expect(commands.map(([name]) => name?.toLowerCase())).toEqual(Array.from({ length: 5 }, () => 'evalsha'))
  })

  it('reads only the head of the value that was there', async () => {
    await results.markAsStarted(id)
    const seen: string[] = []
    const monitor = await raw.monitor()
    monitor.on('monitor', (_time, args: string[], source: string) => {
      if (source === 'lua' && args.includes(key)) seen.push(args[0]?.toUpperCase() ?? '')
    })
    await results.markAsDone(id, 1)
    await expect.poll(() => seen).toContain('PUBLISH')
    expect(seen).toEqual(['GETRANGE', 'SET', 'PUBLISH'])
    monitor.disconnect()
  })

  it('is what a script does in less than a millisecond, for values of 10 kB too', async () => {
    const value = 'x'.repeat(10_000)
    await raw.config('RESETSTAT')
    for (let round = 0; round < 200; round++) {
      await backend.guard.set({ key, value: `{"status": "PROGRESS", "result": "${value}"}`, keep: ['SUCCESS'] })
      await backend.set({ key: `${key}-2`, value, if: (await backend.get(`${key}-2`))?.version ?? 'absent' })
    }
    const [, microseconds] = /cmdstat_evalsha:.*usec_per_call=([\d.]+)/u.exec(await raw.info('commandstats')) ?? []
    expect(Number(microseconds)).toBeLessThan(1000)
  })
})

describe('joins', () => {
  it('[T-35] of stored results cost one trip, and no subscription', async () => {
    const ids = Array.from({ length: 900 }, (_, index) => `${id}-${index}`)
    await Promise.all(ids.map((each) => results.markAsDone(each, each)))
    await backend.get(key) // the connection is there from here on
    const join = (): Promise<unknown> => Promise.all(ids.map((each) => results.result(each).get({ timeoutMs: 10_000 })))
    const commands = await commandsDuring(id, join)
    expect(commands.map(([name]) => name?.toLowerCase())).toEqual(['mget', 'mget'])
  })

  it('and stores of one tick leave twenty at a time', async () => {
    await backend.get(key)
    const { stream } = backend.client as Redis
    const corked: number[] = []
    const uncork = stream.uncork.bind(stream)
    stream.uncork = () => {
      corked.push(stream.writableLength)
      uncork()
    }
    await Promise.all(Array.from({ length: 50 }, (_, index) => backend.set({ key: `${key}-${index}`, value: 'x' })))
    expect(corked).toHaveLength(3)
    for (const length of corked) expect(length).toBeGreaterThan(9 * key.length)
  })
})

describe('scripts', () => {
  it('survive SCRIPT FLUSH under load', async () => {
    const stores: Promise<unknown>[] = []
    for (let round = 0; round < 50; round++) {
      if (round % 5 === 0) stores.push(raw.script('FLUSH'))
      stores.push(results.markAsDone(`${id}-${round}`, round))
    }
    await Promise.all(stores)
    const metas = await results.getMany(Array.from({ length: 50 }, (_, round) => `${id}-${round}`))
    expect([...metas.values()].every(({ status }) => status === 'SUCCESS')).toBe(true)
  })

  it('are called by their digest, which the server takes for its own', async () => {
    for (const { source, digest } of Object.values(scripts('PUBLISH'))) {
      expect(await raw.script('LOAD', source)).toBe(digest)
    }
  })
})

describe('[R9] limits', () => {
  it('a value of more than 512 MB is too large before it is sent', async () => {
    const bytes = Buffer.allocUnsafeSlow(backend.limits.maxValueBytes + 1)
    const huge: Codec = {
      name: 'huge',
      contentType: 'application/x-huge',
      contentEncoding: 'binary',
      encode: () => bytes,
      decode: () => ({}),
    }
    await using large = new Results({ backend: new RedisBackend({ url }), codecs: [huge], serializer: 'huge' })
    await expect(large.storeResult(id, 1, 'SUCCESS')).rejects.toMatchObject({ code: 'too-large' })
    expect(backend.limits.maxValueBytes).toBe(536_870_912)
    expect(await raw.exists(key)).toBe(0)
  })

  it('reads come in bounded batches', async () => {
    const ids = Array.from({ length: 2500 }, (_, index) => `${id}-${index}`)
    const commands = await commandsDuring(id, () => results.getMany(ids))
    expect(commands.map(([name, ...keys]) => [name?.toLowerCase(), keys.length])).toEqual(
      Array.from({ length: 5 }, () => ['mget', 500]),
    )
  })

  it('deletes are UNLINK, in pages', async () => {
    await raw.set(key, 'x')
    await raw.config('RESETSTAT')
    await backend.delete(Array.from({ length: 120 }, (_, index) => (index === 0 ? key : `${key}-${index}`)))
    const stats = await raw.info('commandstats')
    expect(stats).toMatch(/cmdstat_unlink:calls=120/u)
    expect(stats).not.toMatch(/cmdstat_del:/u)
  })
})

describe('what is there already', () => {
  it('of another type is unreadable, and stays', async () => {
    await raw.lpush(key, 'x')
    await expect(backend.get(key)).rejects.toMatchObject({ code: 'unreadable' })
    await expect(backend.set({ key, value: 'x', if: 'absent' })).resolves.toEqual({ written: false })
    await expect(results.markAsDone(id, 1)).rejects.toSatisfy((error) => BackendError.is(error, 'unreadable'))
    expect(await raw.type(key)).toBe('list')
  })

  it('fails alone among the writes of a bulk', async () => {
    await raw.lpush(key, 'x')
    const outcomes = await backend.bulk.set([
      { key: `${key}-1`, value: 'a' },
      { key, value: 'b', if: '=old' },
      { key: `${key}-2`, value: 'c' },
    ])
    expect(outcomes.map((outcome) => ('written' in outcome ? outcome.written : 'error'))).toEqual([true, 'error', true])
    expect(outcomes[1]).toMatchObject({ error: { code: 'unreadable' } })
  })

  it('is told by a version of its own when it is short, and by a digest when it is long', async () => {
    const values = ['', 'ü', 'x'.repeat(1024), 'x'.repeat(1025), Uint8Array.of(0, 255, 61, 35)]
    for (const value of values) {
      await backend.set({ key, value })
      const stored = await backend.get(key)
      if (stored === undefined) throw new Error('nothing is there')
      const write = { key, value: 'next', if: stored.version }
      expect(await backend.set(write)).toMatchObject({ written: true })
      expect(await backend.set(write)).toEqual({ written: false })
    }
  })
})

describe('check', () => {
  it('finds nothing to mend on a server that evicts nothing', async () => {
    expect(await backend.check.run()).toEqual([])
  })

  it('names an eviction policy that would take results away', async () => {
    await using own = await redis({ own: true, mode: 'process' })
    const admin = new Redis(own.url)
    await admin.config('SET', 'maxmemory', '1gb')
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await using evicting = new RedisBackend({ url: own.url })
    expect(await evicting.check.run()).toMatchObject([{ remedy: 'CONFIG SET maxmemory-policy noeviction' }])
    admin.disconnect()
  })
})
