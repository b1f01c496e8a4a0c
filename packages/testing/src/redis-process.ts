import { tmpdir } from 'node:os'
import { programFromApt } from './apt.ts'
import { command } from './command.ts'
import { freePort } from './free-port.ts'
import { redisAnswers } from './redis-talk.ts'
import { serverProcess } from './server-process.ts'
import type { Service } from './service.ts'

/** Gives the path of redis-server, installed if it is missing and may be. */
export function redisServer(): Promise<string> {
  return programFromApt('redis-server', ['redis-server'])
}

/** The version in what `redis-server --version` prints. */
export async function redisVersion(program: string, args: readonly string[] = []): Promise<string> {
  return / v=([\d.]+)/.exec(await command(program, [...args, '--version']))?.[1] ?? 'unknown'
}

/** The options of every Redis server here: nothing is kept on disk. */
export const REDIS_OPTIONS = ['--save', '', '--appendonly', 'no'] as const

export async function redisProcess(): Promise<Service> {
  const program = await redisServer()
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', tmpdir(), ...REDIS_OPTIONS]
  const server = await serverProcess({ program, args, ready: () => redisAnswers(port) })
  return {
    url: `redis://127.0.0.1:${port}`,
    via: 'process',
    detail: `redis-server ${await redisVersion(program)}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
