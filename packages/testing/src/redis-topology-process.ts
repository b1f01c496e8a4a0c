import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisServer, redisVersion } from './redis-process.ts'
import { redisAnswers } from './redis-talk.ts'
import { clusterTopology, sentinelTopology, type Topology, type TopologyServer } from './redis-topology.ts'
import { serverProcess, type ServerProcess } from './server-process.ts'
import type { Service } from './service.ts'

export async function redisClusterProcess(): Promise<Service> {
  return topologyProcesses(await clusterTopology())
}

export async function redisSentinelProcess(): Promise<Service> {
  return topologyProcesses(await sentinelTopology())
}

async function topologyProcesses(topology: Topology): Promise<Service> {
  const program = await redisServer()
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-redis-'))
  const servers: ServerProcess[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    for (const server of topology.servers) servers.push(await topologyServer(program, folder, server))
    await topology.join()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url: topology.url,
    via: 'process',
    detail: `redis-server ${await redisVersion(program)}, ${topology.title}`,
    [Symbol.asyncDispose]: stop,
  }
}

/** Each has a folder of its own, because sentinels and cluster nodes rewrite their files. */
function topologyServer(program: string, parent: string, server: TopologyServer): Promise<ServerProcess> {
  const folder = join(parent, String(server.port))
  const file = join(folder, 'redis.conf')
  mkdirSync(folder)
  writeFileSync(file, [...server.lines, 'bind 127.0.0.1', `dir ${folder}`, ''].join('\n'))
  const args = server.isSentinel ? [file, '--sentinel'] : [file]
  return serverProcess({ program, args, ready: () => redisAnswers(server.port) })
}
