import { setTimeout as wait } from 'node:timers/promises'
import { freePorts } from './free-port.ts'
import { redisTalk } from './redis-talk.ts'

/** The name under which the sentinels know their master. */
export const SENTINEL_MASTER = 'mymaster'

export interface TopologyServer {
  readonly port: number
  /** The lines of its configuration that do not depend on where it runs. */
  readonly lines: readonly string[]
  readonly isSentinel: boolean
}

/** Several Redis servers that belong together, all on ports of 127.0.0.1 that are the same inside and outside a container. */
export interface Topology {
  readonly title: string
  readonly url: string
  readonly servers: readonly TopologyServer[]
  /** Joins the running servers and resolves when they work together. */
  join(): Promise<void>
}

const PLAIN = ['save ""', 'appendonly no'] as const
const MASTERS = 3
const SLOTS = 16_384

/** A cluster of three masters with a replica each. The URL is that of the first; clients learn the others from it. */
export async function clusterTopology(): Promise<Topology> {
  const ports = await freePorts(4 * MASTERS)
  const servers = ports.slice(0, 2 * MASTERS).map((port, index) => ({
    port,
    isSentinel: false,
    lines: [
      ...PLAIN,
      `port ${port}`,
      'cluster-enabled yes',
      'cluster-config-file nodes.conf',
      'cluster-node-timeout 2000',
      `cluster-port ${ports[2 * MASTERS + index]}`,
      'cluster-announce-ip 127.0.0.1',
    ],
  }))
  const nodes = ports.slice(0, 2 * MASTERS)
  const buses = ports.slice(2 * MASTERS)
  return {
    title: `Cluster, ${MASTERS} masters and ${MASTERS} replicas`,
    url: `redis://127.0.0.1:${nodes[0]}`,
    servers,
    join: () => joinCluster(nodes, buses),
  }
}

/** A master, a replica and three sentinels. The URL lists the sentinels as Celery does, separated by `;`. */
export async function sentinelTopology(): Promise<Topology> {
  const [master = 0, replica = 0, ...sentinels] = await freePorts(5)
  const servers = [
    { port: master, isSentinel: false, lines: [...PLAIN, `port ${master}`] },
    { port: replica, isSentinel: false, lines: [...PLAIN, `port ${replica}`, `replicaof 127.0.0.1 ${master}`] },
    ...sentinels.map((port) => ({
      port,
      isSentinel: true,
      lines: [
        `port ${port}`,
        `sentinel monitor ${SENTINEL_MASTER} 127.0.0.1 ${master} 2`,
        `sentinel down-after-milliseconds ${SENTINEL_MASTER} 1000`,
        `sentinel failover-timeout ${SENTINEL_MASTER} 3000`,
      ],
    })),
  ]
  return {
    title: `Sentinel, a master, a replica and ${sentinels.length} sentinels`,
    url: sentinels.map((port) => `sentinel://127.0.0.1:${port}`).join(';'),
    servers,
    join: () => untilAll(sentinels, 'INFO sentinel', /status=ok,.*slaves=1,sentinels=3/),
  }
}

async function joinCluster(nodes: readonly number[], buses: readonly number[]): Promise<void> {
  const [first = 0, ...others] = nodes
  for (const [index, port] of nodes.entries()) {
    await expectOk(port, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`)
    if (index < MASTERS) await expectOk(port, `CLUSTER ADDSLOTSRANGE ${slotAt(index)} ${slotAt(index + 1) - 1}`)
  }
  for (const [index, port] of others.entries())
    await expectOk(first, `CLUSTER MEET 127.0.0.1 ${port} ${buses[index + 1]}`)
  await untilAll(nodes, 'CLUSTER INFO', new RegExp(`cluster_known_nodes:${nodes.length}\\r`))
  for (const [index, port] of nodes.slice(MASTERS).entries()) {
    const master = /[0-9a-f]{40}/.exec(await redisTalk(nodes[index] ?? 0, 'CLUSTER MYID'))?.[0]
    await until(port, `CLUSTER REPLICATE ${master}`, /^\+OK/)
  }
  await untilAll(nodes.slice(MASTERS), 'INFO replication', /master_link_status:up/)
  await untilAll(nodes, 'CLUSTER NODES', new RegExp(`^(?:[^]*?[ ,]slave ){${MASTERS}}`))
  await untilAll(nodes, 'CLUSTER INFO', /cluster_state:ok/)
}

function slotAt(index: number): number {
  return Math.floor((SLOTS * index) / MASTERS)
}

async function expectOk(port: number, line: string): Promise<void> {
  const answer = await redisTalk(port, line)
  if (!answer.startsWith('+OK')) throw new Error(`${line}: ${answer}`)
}

async function untilAll(ports: readonly number[], line: string, shape: RegExp): Promise<void> {
  await Promise.all(ports.map((port) => until(port, line, shape)))
}

/** Asks until the answer has the shape: what servers gossip to each other arrives when it does. */
async function until(port: number, line: string, shape: RegExp): Promise<void> {
  const deadline = performance.now() + 60_000
  for (;;) {
    const answer = await redisTalk(port, line).catch((error: unknown) => String(error))
    if (shape.test(answer)) return
    if (performance.now() > deadline)
      throw new Error(`${line} on port ${port} does not become ${shape.source}: ${answer}`)
    await wait(50)
  }
}
