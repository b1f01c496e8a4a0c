import { type Backend, Results } from '@arpeggio/core'
import { cases, register } from '@arpeggio/conformance'
import { redisCluster } from '@arpeggio/testing'
import { Cluster, Redis } from 'ioredis'
import { Cluster as Cluster5 } from 'ioredis-5'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { RedisBackend, type RedisBackendOptions, type RedisClusterClient } from '../../src/index.ts'
import { harnessOf, killSubscribersOf, registerRow, uniqueId } from './redis-harness.ts'

const service = await redisCluster({ own: true })
const { url } = service
const admin = new Cluster([url])
await admin.ping()
const opened: Redis[] = []
afterAll(async () => {
  for (const client of [admin, ...opened]) client.disconnect()
  await service[Symbol.asyncDispose]()
})

/** The subscriber is a copy of a node's connection, and has its name. */
async function killSubscribers(backend: Backend): Promise<void> {
  for (const node of admin.nodes('all')) await killSubscribersOf(node, nodeNameOf(backend))
}

function nodeNameOf(backend: Backend): string {
  const [node] = ((backend as RedisBackend).client as RedisClusterClient).nodes('all') // the rows open no other
  return node !== undefined && 'connectionName' in node.options ? String(node.options.connectionName) : ''
}

function named(): { readonly redisOptions: { readonly connectionName: string } } {
  return { redisOptions: { connectionName: uniqueId() } }
}

const rows = {
  'ioredis 6.0.0': (): RedisClusterClient => new Cluster([url], named()),
  'ioredis 5.4.0 with auto-pipelining': (): RedisClusterClient =>
    new Cluster5([url], { ...named(), enableAutoPipelining: true }),
}

for (const [name, make] of Object.entries(rows)) {
  const row = {
    name: `a cluster, ${name}`,
    options: async () => ({ client: make() }),
    release: ({ client }: RedisBackendOptions) => client?.disconnect(),
    killSubscribers,
  }
  if (name === 'ioredis 6.0.0') registerRow(row, { describe: describe.concurrent, it })
  // Chords ask nothing of the client that the other cases do not.
  else
    register(
      harnessOf(row),
      { describe: describe.concurrent, it },
      cases.filter(({ chapter }) => chapter !== 'chords'),
    )
}

// What only a stream of notifications could do otherwise.
const sharded = cases.filter(
  ({ chapter, needs }) => chapter === 'waiting' || needs.some((need) => need === 'notifications'),
)
for (const [name, make] of Object.entries(rows)) {
  register(
    harnessOf({
      name: `a cluster, ${name}, with sharded pub/sub`,
      options: async () => ({ client: make(), pubsub: 'sharded' }),
      release: ({ client }) => client?.disconnect(),
      killSubscribers,
    }),
    { describe: describe.concurrent, it },
    sharded,
  )
}

const durabilities = ['fast', 'replicated'] as const

describe('[T-64] a cluster', () => {
  it('spreads results over its masters, and each is read by everybody', async () => {
    await using results = new Results({ backend: new RedisBackend({ client: admin }) })
    const ids = Array.from({ length: 300 }, () => uniqueId())
    await Promise.all(ids.map((id) => results.markAsDone(id, id)))
    expect([...(await results.getMany(ids)).values()].map(({ result }) => result)).toEqual(ids)
    const counts = await Promise.all(admin.nodes('master').map((node) => node.dbsize()))
    expect(counts.every((count) => count > 20)).toBe(true)
  })

  it.each(durabilities)(
    'carries stores through the migration of a slot, ASK and MOVED: %s',
    async (durability) => {
      const client = new Cluster([url])
      await using results = new Results({ backend: new RedisBackend({ client, durability }) })
      const id = uniqueId()
      await results.markAsStarted(id)
      const slot = await admin.cluster('KEYSLOT', `celery-task-meta-${id}`)
      const masters = await mastersBySlot(slot)
      await masters.target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', masters.ownerId)
      await masters.owner.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', masters.targetId)
      const { host = '', port = 0 } = masters.target.options
      // Other tests may have left something in the slot.
      const keys = await masters.owner.cluster('GETKEYSINSLOT', slot, 1000)
      await masters.owner.call('MIGRATE', host, port, '', 0, 5000, 'KEYS', ...keys)
      expect(await results.getState(id)).toBe('STARTED')
      await results.markAsDone(id, 'asked')
      for (const node of [masters.target, masters.owner])
        await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', masters.targetId)
      expect(await results.getResult(id)).toBe('asked')
      expect(await masters.target.exists(`celery-task-meta-${id}`)).toBe(1)
      client.disconnect()
    },
    60_000,
  )

  it.each(durabilities)(
    'carries waiters and stores through the fail-over of a master: %s',
    async (durability) => {
      const client = new Cluster([url])
      await using results = new Results({ backend: new RedisBackend({ client, durability }), safetyReadMs: 600_000 })
      const ids = Array.from({ length: 200 }, () => uniqueId())
      const values = Promise.all(ids.map((id) => results.result<string>(id).get({ timeoutMs: 120_000 })))
      const [replica = expect.fail('there is no replica')] = await replicas()
      await Promise.all(ids.slice(0, 100).map((id) => results.markAsDone(id, id)))
      await promote(replica)
      await Promise.all(ids.slice(100).map((id) => results.markAsDone(id, id)))
      expect(await values).toEqual(ids)
      client.disconnect()
    },
    180_000,
  )

  it('is told by the one who reads it through a client of one server', async () => {
    await using backend = new RedisBackend({ url })
    const ids = Array.from({ length: 20 }, () => uniqueId())
    const failures = await Promise.all(ids.map((key) => backend.get(key).catch((error: unknown) => error)))
    expect(failures.find((failure) => failure !== undefined)).toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('pass an ioredis Cluster'),
    })
  })

  it('holds a replicated write on a replica of its master before it is answered', async () => {
    await using backend = new RedisBackend({ client: admin, durability: 'replicated' })
    const keys = Array.from({ length: 60 }, () => uniqueId())
    await Promise.all(keys.map((key) => backend.set({ key, value: 'x' })))
    const all = await replicas()
    const held = new Set((await Promise.all(all.map((replica) => replica.keys('test-*')))).flat())
    expect(keys.filter((key) => !held.has(key))).toEqual([])
  })

  it('leaves a write uncertain that fewer replicas hold than asked for', async () => {
    await using backend = new RedisBackend({
      client: admin,
      durability: 'replicated',
      replicas: 2,
      durableWithinMs: 50,
    })
    const key = uniqueId()
    await expect(backend.set({ key, value: 'x' })).rejects.toMatchObject({ code: 'uncertain' })
    expect(await admin.get(key)).toBe('x')
  })

  it('has fsynced writes where its servers have WAITAOF', async () => {
    const [, version = ''] = /redis_version:([\d.]+)/u.exec(await admin.info('server')) ?? []
    await using backend = new RedisBackend({ client: admin, durability: 'fsynced' })
    const outcome = await backend.set({ key: uniqueId(), value: 'x' }).catch((error: unknown) => error)
    const isOld = version.localeCompare('7.2', 'en', { numeric: true }) < 0
    expect(outcome).toMatchObject(isOld ? { code: 'unsupported' } : { written: true })
  })
})

/** The replicas, once there is one for each master: the client is slow to notice who has become one, and so are the nodes. */
async function replicas(): Promise<readonly Redis[]> {
  const ports = [...String(await admin.cluster('NODES')).matchAll(/ \S+:(\d+)@/gu)].map(([, port]) => Number(port))
  const nodes = ports.map((port) => new Redis(port, '127.0.0.1'))
  opened.push(...nodes)
  let found: readonly Redis[] = []
  const areAllThere = async (): Promise<boolean> => {
    const told = await Promise.all(nodes.map((node) => node.info('replication')))
    found = nodes.filter((_, at) => told[at]?.includes('role:slave') === true)
    return found.length === 3 && told.filter((each) => each.includes('master_link_status:up')).length === 3
  }
  await vi.waitUntil(areAllThere, { timeout: 60_000 })
  return found
}

/** Asks again where the masters have not voted for it: they vote only once in a while. */
async function promote(replica: Redis): Promise<void> {
  const isMaster = async (): Promise<boolean> => (await replica.info('replication')).includes('role:master')
  for (let tries = 0; !(await isMaster()); tries++) {
    if (tries > 10) throw new Error('the replica does not become a master')
    await replica.call('CLUSTER', 'FAILOVER')
    await vi.waitUntil(isMaster, { timeout: 6_000 }).catch(() => undefined)
  }
}

interface Masters {
  readonly owner: Redis
  readonly ownerId: string
  readonly target: Redis
  readonly targetId: string
}

/** The master of a slot, and another one, once the nodes agree on who that is. */
async function mastersBySlot(slot: number): Promise<Masters> {
  let found: Masters | undefined
  await expect.poll(async () => (found = await lookForMasters(slot)), { timeout: 30_000 }).toBeDefined()
  if (found === undefined) throw new Error('the cluster has too few masters')
  return found
}

async function lookForMasters(slot: number): Promise<Masters | undefined> {
  const masters = await Promise.all(
    admin.nodes('master').map(async (node) => {
      const id = String(await node.call('CLUSTER', 'MYID'))
      const ranges = await node.cluster('SLOTS')
      const owns = ranges.filter(([, , first]) => first?.[2] === id)
      return { node, id, isMaster: owns.length > 0, isOwner: owns.some(([from, to]) => slot >= from && slot <= to) }
    }),
  )
  const owner = masters.find(({ isOwner }) => isOwner)
  const target = masters.find(({ isMaster, isOwner }) => isMaster && !isOwner)
  if (owner === undefined || target === undefined) return undefined
  return { owner: owner.node, ownerId: owner.id, target: target.node, targetId: target.id }
}
