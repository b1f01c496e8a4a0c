import { Results } from '@arpeggio/core'
import { redisSentinel, SENTINEL_MASTER } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { RedisBackend } from '../../src/index.ts'
import { killSubscribersOf, nameOf, registerRow, uniqueId } from './redis-harness.ts'

const service = await redisSentinel({ own: true })
const { url } = service
const sentinels = url.split(';').map((address) => {
  const { hostname: host, port } = new URL(address)
  return { host, port: Number(port) }
})
const admin = new Redis({ sentinels, name: SENTINEL_MASTER })
const first = new Redis({ ...sentinels[0] })
afterAll(async () => {
  admin.disconnect()
  first.disconnect()
  await service[Symbol.asyncDispose]()
})

registerRow(
  {
    name: 'redis behind sentinels',
    options: async () => ({ url, masterName: SENTINEL_MASTER, clientName: uniqueId() }),
    release: () => {},
    killSubscribers: (backend) => killSubscribersOf(admin, nameOf(backend)),
  },
  { describe: describe.concurrent, it },
)

async function masterPort(): Promise<number> {
  const address = await first.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', SENTINEL_MASTER)
  return Array.isArray(address) ? Number(address[1]) : 0
}

describe('[R15] sentinels', () => {
  it('that know no such master make every operation unavailable', async () => {
    await using backend = new RedisBackend({ url, masterName: 'nobody' })
    await expect(backend.get('a')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('of which one is away are still sentinels', async () => {
    await using backend = new RedisBackend({ url: `sentinel://127.0.0.1:1;${url}`, masterName: SENTINEL_MASTER })
    expect(await backend.get(uniqueId())).toBeUndefined()
  })

  it('replicated holds a write before it is answered', async () => {
    await using backend = new RedisBackend({ url, masterName: SENTINEL_MASTER, durability: 'replicated' })
    const key = uniqueId()
    await backend.set({ key, value: 'x' })
    const replica = new Redis({ sentinels, name: SENTINEL_MASTER, role: 'slave' })
    expect(await replica.get(key)).toBe('x')
    replica.disconnect()
  })

  it('carry waiters and stores through a fail-over, and no replicated write is lost in it', async () => {
    const options = { url, masterName: SENTINEL_MASTER }
    await using results = new Results({ backend: new RedisBackend(options), safetyReadMs: 600_000 })
    await using storing = new Results({ backend: new RedisBackend({ ...options, durability: 'replicated' }) })
    const ids = Array.from({ length: 50 }, () => uniqueId())
    await Promise.all(ids.slice(0, 25).map((id) => storing.markAsDone(id, id)))
    const values = Promise.all(ids.map((id) => results.result<string>(id).get({ timeoutMs: 120_000 })))
    const before = await masterPort()
    await expect.poll(async () => (await admin.pubsub('CHANNELS', 'celery-task-meta-test-*')).length).toBe(25)
    await first.call('SENTINEL', 'FAILOVER', SENTINEL_MASTER)
    await expect.poll(masterPort, { timeout: 60_000 }).not.toBe(before)
    await using late = new Results({ backend: new RedisBackend(options) })
    await Promise.all(ids.slice(25).map((id) => late.markAsDone(id, id)))
    expect(await values).toEqual(ids)
    const kept = await late.getMany(ids.slice(0, 25))
    expect([...kept.values()].every(({ status }) => status === 'SUCCESS')).toBe(true)
  }, 180_000)
})
