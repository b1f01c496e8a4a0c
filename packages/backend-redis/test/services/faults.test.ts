import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackendError, Results, type ResultsOptions } from '@arpeggio/core'
import { faultProxy, restartableRedis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RedisBackend, type RedisBackendOptions, type RedisNodeClient } from '../../src/index.ts'
import { uniqueId } from './redis-harness.ts'
import { isFull } from './test-size.ts'

const server = await restartableRedis()
const { url } = server
const admin = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
admin.on('error', () => {})
const opened: Results[] = []
/** For what takes as long as it takes with `TEST_FULL`. */
const longMs = 1_800_000

beforeAll(() => admin.config('SET', 'save', ''))
afterEach(async () => {
  await Promise.all(opened.splice(0).map((results) => results.close()))
})
afterAll(async () => {
  admin.disconnect()
  await server[Symbol.asyncDispose]()
})

/** The safety read would heal what these tests are to find, so it never comes. */
function open(backend: RedisBackendOptions = { url }, options: Partial<ResultsOptions> = {}): Results {
  const results = new Results({ backend: new RedisBackend(backend), safetyReadMs: 600_000, ...options })
  opened.push(results)
  return results
}

function idsOf(count: number): readonly string[] {
  const start = uniqueId()
  return Array.from({ length: count }, (_, index) => `${start}-${index}`)
}

async function subscribed(count: number): Promise<void> {
  await expect
    .poll(async () => (await admin.pubsub('CHANNELS', 'celery-task-meta-*')).length, { timeout: 30_000 })
    .toBe(count)
}

describe('waiters', () => {
  it('[T-27] [R2] all wake though their connection is killed every 50 ms for 20 s', async () => {
    const results = open()
    const storing = open()
    const ids = idsOf(1000)
    const values = Promise.all(ids.map((id) => results.result<string>(id).get({ timeoutMs: 120_000 })))
    await subscribed(ids.length)
    const began = performance.now()
    let kills = 0
    for (const id of ids) {
      const dueMs = (ids.indexOf(id) * 20_000) / ids.length
      await sleep(Math.max(0, began + dueMs - performance.now()))
      if (performance.now() - began > kills * 50) {
        kills++
        await admin.client('KILL', 'TYPE', 'PUBSUB')
      }
      await storing.markAsDone(id, id)
    }
    expect(await values).toEqual(ids)
    expect(kills).toBeGreaterThan(100)
    await subscribed(0)
  }, 180_000)

  it('[T-27] [R2] all wake though the server dies and comes back with its data', async () => {
    const results = open()
    const ids = idsOf(100)
    const values = Promise.all(ids.map((id) => results.result<string>(id).get({ timeoutMs: 120_000 })))
    await subscribed(ids.length)
    const storing = open()
    await Promise.all(ids.slice(0, 50).map((id) => storing.markAsDone(id, id)))
    await server.kill()
    const late = Promise.all(ids.slice(50).map((id) => storing.markAsDone(id, id)))
    await server.start()
    await late
    expect(await values).toEqual(ids)
  }, 180_000)

  it('[T-27] end at their timeout, or with not-found, when it comes back empty', async () => {
    const results = open()
    const [known = '', unknown = ''] = idsOf(2)
    await results.markAsStarted(known)
    const ends = Promise.allSettled([
      results.waitFor(known, { timeoutMs: 60_000 }),
      results.waitFor(unknown, { timeoutMs: 5000 }),
    ])
    await subscribed(2)
    await server.kill()
    await server.start({ keepsData: false })
    const codes = (await ends).map((end) =>
      end.status === 'rejected' && BackendError.is(end.reason) ? end.reason.code : end.status,
    )
    expect(codes).toEqual(['not-found', 'timeout'])
  }, 180_000)

  it('[T-29] all come over a network that delays and loses what it carries', async () => {
    await using proxy = await faultProxy(url)
    const results = open({ url: proxy.url })
    const storing = open()
    for (const [index, id] of idsOf(60).entries()) {
      // What is lost comes a fifth of a second later, sent again; now and then the connection is given up.
      proxy.latency(index % 15 === 7 ? 200 : 10)
      const waiting = results.waitFor(id, { timeoutMs: 60_000 })
      if (index % 15 === 14) proxy.reset()
      await storing.markAsDone(id, index)
      expect(await waiting).toMatchObject({ result: index })
    }
  }, 300_000)

  it('[T-30] wake though their connection is dead without a sign, within two heartbeats', async () => {
    await using proxy = await faultProxy(url)
    const { port } = new URL(proxy.url)
    const client: RedisNodeClient = new Redis(url)
    const duplicate = client.duplicate.bind(client)
    // The first copy of the client goes through the proxy, the next one does not.
    let detours = 0
    client.duplicate = (override) => duplicate(detours++ === 0 ? { ...override, port: Number(port) } : override)
    const results = open({ client, heartbeatMs: 300 })
    const [first = '', second = ''] = idsOf(2)
    const waiting = results.waitFor(first, { timeoutMs: 60_000 })
    await subscribed(1)
    proxy.blackhole()
    const began = performance.now()
    await open().markAsDone(first, 1)
    expect(await waiting).toMatchObject({ result: 1 })
    expect(performance.now() - began).toBeLessThan(5000)
    expect(detours).toBe(2)
    const later = results.waitFor(second, { timeoutMs: 60_000 })
    await subscribed(1)
    await open().markAsDone(second, 2)
    expect(await later).toMatchObject({ result: 2 })
    client.disconnect()
  }, 120_000)

  it(
    '[T-32] resolve soon after their own store beside a slow reader of 40 MB results',
    async () => {
      const results = open()
      const storing = open()
      const big = idsOf(isFull ? 100 : 4)
      const small = idsOf(10 * big.length)
      const slow = connect(Number(new URL(url).port), '127.0.0.1')
      slow.on('error', () => {})
      slow.write(`SUBSCRIBE ${big.map((id) => `celery-task-meta-${id}`).join(' ')}\r\n`)
      slow.pause()
      const wait = async (id: string): Promise<number> => {
        await results.waitFor(id, { timeoutMs: longMs })
        return performance.now()
      }
      const wakes = small.map(wait)
      await subscribed(big.length + small.length)
      const storedAt: number[] = []
      const filler = 'x'.repeat(40 * 1024 * 1024)
      for (const [index, id] of small.entries()) {
        const heavy = index % 10 === 0 ? big[index / 10] : undefined
        if (heavy !== undefined) {
          // To encode so much keeps this process from hearing of anything.
          await Promise.all(wakes.slice(0, index))
          await storing.markAsDone(heavy, filler)
        }
        await storing.markAsDone(id, 1)
        storedAt.push(performance.now())
        // Before the next one: it is the reader that is to be flooded, and not the memory of the server.
        if (heavy !== undefined) await storing.forget(heavy)
      }
      const delays = (await Promise.all(wakes)).map((at, index) => at - (storedAt[index] ?? 0))
      expect(Math.max(...delays)).toBeLessThan(2000)
      if (isFull)
        console.log(`the slowest of ${delays.length} woke ${Math.max(...delays).toFixed(0)} ms after its store`)
      slow.destroy()
      await admin.flushall()
    },
    longMs,
  )

  it('[T-31] [R3] of 10,000, half abandoned, leave no subscription behind, and forgotten sends never had one', async () => {
    const results = open()
    const ids = idsOf(10_000)
    for (const id of ids) results.onTaskCall(id)
    await subscribed(0)
    const controller = new AbortController()
    const waits = ids.map((id, index) =>
      results.waitFor(id, index % 2 === 0 ? { signal: controller.signal } : { timeoutMs: 120_000 }),
    )
    const ends = Promise.allSettled(waits)
    await subscribed(ids.length)
    expect(String(await admin.client('LIST')).match(/ sub=10000 /gu)).toHaveLength(1)
    controller.abort()
    await subscribed(ids.length / 2)
    const storing = open()
    await Promise.all(ids.filter((_, index) => index % 2 === 1).map((id) => storing.markAsDone(id, id)))
    const states = (await ends).map(({ status }) => status)
    expect(states).toEqual(ids.map((_, index) => (index % 2 === 0 ? 'rejected' : 'fulfilled')))
    await subscribed(0)
  }, 180_000)

  it('[T-33] share an instance with any number of commands', async () => {
    const results = open()
    const ids = idsOf(2000)
    const waits = Promise.all(ids.map((id) => results.result<number>(id).get({ timeoutMs: 120_000 })))
    const stores = Promise.all(ids.map((id, index) => results.markAsDone(id, index)))
    const reads = Promise.all(ids.map((id) => results.getState(id)))
    await Promise.all([stores, reads])
    expect(await waits).toEqual([...ids.keys()])
  }, 120_000)
})

describe('stores', () => {
  it(
    '[T-42] [R8] wait for a server that is away, and are there when it is back',
    async () => {
      const results = open()
      const [id = ''] = idsOf(1)
      await results.getState(id)
      await server.kill()
      const stored = results.markAsDone(id, 'kept')
      await sleep(isFull ? 60_000 : 500) // the store is tried meanwhile, several times
      await server.start()
      const back = performance.now()
      await stored
      expect(await results.getResult(id)).toBe('kept')
      if (isFull) console.log(`stored ${(performance.now() - back).toFixed(0)} ms after the server was back`)
    },
    longMs,
  )

  it('[T-42] end with a code, never in silence, when it stays away longer than the retries last', async () => {
    const results = open({ url }, { maxRetries: 3, maxSleepMs: 20 })
    const [id = ''] = idsOf(1)
    await results.getState(id)
    await server.kill()
    const failure = await results.markAsDone(id, 'lost').catch((error: unknown) => error)
    expect(BackendError.is(failure, 'unavailable', 'uncertain')).toBe(true)
    await server.start()
    expect(await results.getState(id)).toBe('PENDING')
  }, 120_000)

  it('whose answer is lost are uncertain, and know themselves when they meet', async () => {
    await using proxy = await faultProxy(url)
    await using backend = new RedisBackend({ url: proxy.url })
    const [key = '', other = ''] = idsOf(2)
    await backend.set({ key: other, value: 'x' }) // the server knows the script from here on
    proxy.cutAfter({ toClient: 1 })
    await expect(backend.set({ key, value: 'x', if: 'absent' })).rejects.toMatchObject({ code: 'uncertain' })
    expect(await backend.set({ key, value: 'x', if: 'absent' })).toEqual({ written: false })
    const results = open({ url: proxy.url })
    proxy.cutAfter({ toClient: 200 })
    await Promise.all(idsOf(200).map((id) => results.markAsDone(id, id)))
  }, 120_000)

  it('that a client of others sends twice are uncertain, not kept out', async () => {
    await using proxy = await faultProxy(url)
    const client = new Redis(proxy.url)
    client.on('error', () => {})
    await using backend = new RedisBackend({ client })
    const [key = ''] = idsOf(1)
    const guarded = { key, value: '{"status": "SUCCESS"}', keep: ['SUCCESS'] }
    await backend.guard.set(guarded) // the server knows the scripts from here on
    await backend.set({ key, value: 'x' })
    await backend.delete([key])
    proxy.cutAfter({ toClient: 1 })
    await expect(backend.set({ key, value: 'x', if: 'absent' })).rejects.toMatchObject({ code: 'uncertain' })
    await backend.delete([key])
    proxy.cutAfter({ toClient: 1 })
    await expect(backend.guard.set(guarded)).rejects.toMatchObject({ code: 'uncertain' })
    client.disconnect()
  }, 120_000)

  it(
    '[T-45] expire without a trace, and no kind of command of theirs takes 10 ms',
    async () => {
      await admin.flushall()
      await admin.config('SET', 'slowlog-log-slower-than', '10000')
      await admin.slowlog('RESET')
      await admin.config('RESETSTAT')
      const before = await usedMemory()
      const results = open({ url }, { expiresInSeconds: isFull ? 60 : 1 })
      const ids = idsOf(isFull ? 1_000_000 : 20_000)
      for (let start = 0; start < ids.length; start += 1000) {
        await Promise.all(ids.slice(start, start + 1000).map((id) => results.markAsDone(id, id)))
      }
      const most = await usedMemory()
      await expect.poll(() => admin.dbsize(), { timeout: 300_000 }).toBe(0)
      await expect.poll(usedMemory, { timeout: 60_000 }).toBeLessThan(before + 2_000_000)
      // On a busy machine any command may be interrupted; one that took so long by itself would do so each time.
      expect(await admin.slowlog('LEN')).toBeLessThan(ids.length / 500)
      const stats = (await admin.info('commandstats')).matchAll(/cmdstat_(\S+):calls=(\d+),.*usec_per_call=([\d.]+)/gu)
      const slow = [...stats].filter(([, , calls, microseconds]) => Number(calls) > 1000 && Number(microseconds) > 1000)
      expect(slow).toEqual([])
      if (isFull)
        console.log(`${ids.length} results: ${before} bytes before, ${most} with them, ${await usedMemory()} after`)
    },
    longMs,
  )

  it('go through a Unix socket', async () => {
    const results = open({ url: `redis+socket://${server.socket}?virtual_host=2` })
    const [id = ''] = idsOf(1)
    const waiting = results.waitFor(id, { timeoutMs: 20_000 })
    await open({ path: server.socket, db: 2 }).markAsDone(id, 'through a file')
    expect(await waiting).toMatchObject({ result: 'through a file' })
  })
})

describe('durability', () => {
  it('fsynced is unsupported where the server has no WAITAOF, and durable where it has', async () => {
    const [, version = ''] = /redis_version:([\d.]+)/u.exec(await admin.info('server')) ?? []
    await using backend = new RedisBackend({ url, durability: 'fsynced' })
    const outcome = await backend.set({ key: uniqueId(), value: 'x' }).catch((error: unknown) => error)
    const isOld = version.localeCompare('7.2', 'en', { numeric: true }) < 0
    expect(outcome).toMatchObject(isOld ? { code: 'unsupported' } : { written: true })
  })

  it('replicated is uncertain where no replica takes the write', async () => {
    await using backend = new RedisBackend({ url, durability: 'replicated', durableWithinMs: 50 })
    const key = uniqueId()
    await expect(backend.set({ key, value: 'x' })).rejects.toMatchObject({ code: 'uncertain' })
    expect(await admin.get(key)).toBe('x')
  })
})

async function usedMemory(): Promise<number> {
  return Number(/used_memory_dataset:(\d+)/u.exec(await admin.info('memory'))?.[1])
}
