import { randomUUID } from 'node:crypto'
import { chord, type Publisher, Results, task, type TaskMessage } from '@arpeggio/core'
import { redisCluster } from '@arpeggio/testing'
import { Cluster, type Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { RedisBackend } from '../../../src/index.ts'

// Of its own: masters change places.
const server = await redisCluster({ own: true })
const client = new Cluster([server.url])
const published: TaskMessage[] = []
const publisher: Publisher = { durable: true, publish: async (messages) => void published.push(...messages) }
const results = new Results({ backend: new RedisBackend({ client }), publisher, onWarning: () => undefined })
afterAll(async () => {
  await results.close()
  client.disconnect()
  await server[Symbol.asyncDispose]()
})

const part = task<(slot: number) => number>('part')
const body = task<(values: readonly number[]) => void>('body')

async function start(size: number, id: string = randomUUID()): Promise<Started> {
  await results.apply(
    chord(
      Array.from({ length: size }, (_, slot) => part.s(slot)),
      body,
      { id },
    ),
  )
  return { id, parts: published.filter(({ group, task: name }) => group === id && name === 'part') }
}

interface Started {
  readonly id: string
  readonly parts: readonly TaskMessage[]
}

async function finish(messages: readonly TaskMessage[]): Promise<void> {
  await Promise.all(messages.map((message) => results.markAsDone(message.id, message.groupIndex, { request: message })))
}

function bodiesOf({ id }: Started): readonly (readonly unknown[])[] {
  return published.filter(({ bodyOf }) => bodyOf === id).map(({ args }) => args)
}

describe('[T-64] chords on a cluster', () => {
  it('keep their keys in one slot each, and are spread over the masters', async () => {
    const started = await Promise.all(Array.from({ length: 300 }, () => start(3)))
    await Promise.all(started.map(({ parts }) => finish(parts.slice(1))))
    const counts = await Promise.all(
      client.nodes('master').map(async (node) => (await node.keys('*taskset*.j')).length),
    )
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(300)
    expect(Math.min(...counts)).toBeGreaterThan(50)
    await Promise.all(started.map(({ parts }) => finish(parts.slice(0, 1))))
    expect(started.map(bodiesOf)).toEqual(started.map(() => [[[0, 1, 2]]]))
  })

  it('go on through the migration of their slot', async () => {
    const started = await start(4)
    await finish(started.parts.slice(0, 1))
    const { slot, owner, target, targetId } = await migrating(started.id)
    await finish(started.parts.slice(1, 2))
    const { host = '', port = 0 } = target.options
    const keys = await owner.cluster('GETKEYSINSLOT', slot, 1000)
    expect(keys).toHaveLength(2)
    const [first = '', ...others] = keys
    await owner.call('MIGRATE', host, port, '', 0, 5000, 'KEYS', first)
    // With half of its keys on either side the server says TRYAGAIN.
    const during = finish(started.parts.slice(2, 3))
    await owner.call('MIGRATE', host, port, '', 0, 5000, 'KEYS', ...others)
    for (const node of [target, owner]) await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', targetId)
    await during
    await finish(started.parts.slice(3))
    expect(bodiesOf(started)).toEqual([[[0, 1, 2, 3]]])
  })

  it('fire their bodies while their slot is on its way, and are over when it has stayed after all', async () => {
    const started = await start(3)
    await finish(started.parts.slice(0, 1))
    const { slot, owner, target } = await migrating(started.id)
    const marked = finish(started.parts.slice(1))
    await expect.poll(() => bodiesOf(started), { timeout: 30_000 }).toEqual([[[0, 1, 2]]])
    for (const node of [owner, target]) await node.call('CLUSTER', 'SETSLOT', slot, 'STABLE')
    await marked
    await finish(started.parts.slice(0, 1))
    expect(bodiesOf(started)).toHaveLength(1)
    expect(await results.chords.inspect(started.id)).toMatchObject({ state: 'done' })
  })

  it('go on through the fail-over of a master', async () => {
    const started = await Promise.all(Array.from({ length: 100 }, () => start(3)))
    await Promise.all(started.map(({ parts }) => finish(parts.slice(0, 1))))
    const [replica] = client.nodes('slave')
    await replica?.call('CLUSTER', 'FAILOVER')
    await Promise.all(started.map(({ parts }) => finish(parts.slice(1))))
    expect(started.map(bodiesOf)).toEqual(started.map(() => [[[0, 1, 2]]]))
    await expect.poll(() => replica?.info('replication'), { timeout: 30_000 }).toMatch(/role:master/u)
  })

  it('have no workers of Celery as peers, which know no cluster', () => {
    const backend = new RedisBackend({ client })
    expect(() => new Results({ backend, peers: 'celery' })).toThrow(expect.objectContaining({ code: 'unsupported' }))
  })
})

interface Migration extends Masters {
  readonly slot: number
}

/** The slot of a chord has begun to move, and none of its keys has. */
async function migrating(id: string): Promise<Migration> {
  const slot = await client.cluster('KEYSLOT', `{${id}}`)
  const masters = await mastersOf(slot)
  await masters.target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', masters.ownerId)
  await masters.owner.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', masters.targetId)
  return { slot, ...masters }
}

interface Masters {
  readonly owner: Redis
  readonly ownerId: string
  readonly target: Redis
  readonly targetId: string
}

/** The master of a slot, and another one. */
async function mastersOf(slot: number): Promise<Masters> {
  const masters = await Promise.all(
    client.nodes('master').map(async (node) => ({ node, id: String(await node.call('CLUSTER', 'MYID')) })),
  )
  const ranges = await client.cluster('SLOTS')
  const ownerId = String(ranges.find(([from, to]) => slot >= from && slot <= to)?.[2]?.[2])
  const owner = masters.find(({ id }) => id === ownerId)
  const target = masters.find(({ id }) => id !== ownerId)
  if (owner === undefined || target === undefined) throw new Error('the cluster has too few masters')
  return { owner: owner.node, ownerId, target: target.node, targetId: target.id }
}
