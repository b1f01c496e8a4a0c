import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { redisServer, redisVersion } from './redis-process.ts'
import { redisAnswers } from './redis-talk.ts'
import { serverProcess, type ServerProcess } from './server-process.ts'
import type { Service } from './service.ts'

/** A Redis server of the caller's own that can die and come back on its port. */
export interface RestartableRedis extends Service {
  /** Its Unix socket. */
  readonly socket: string
  /** Ends the server without a warning. */
  kill(): Promise<void>
  /** Starts it again, with what its append-only file holds or with nothing. */
  start(options?: { readonly keepsData?: boolean }): Promise<void>
}

/** Starts one as a process, with every write in its append-only file before it is answered. */
export async function restartableRedis(lines: readonly string[] = []): Promise<RestartableRedis> {
  const program = await redisServer()
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-redis-'))
  const port = await freePort()
  const socket = join(folder, 'redis.sock')
  let server: ServerProcess | undefined
  const start = async ({ keepsData = true } = {}): Promise<void> => {
    if (!keepsData) rmSync(join(folder, 'appendonlydir'), { recursive: true, force: true })
    const places = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--unixsocket', socket]
    const durability = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
    server = await serverProcess({
      program,
      args: [...places, ...durability, ...lines],
      ready: () => redisAnswers(port),
    })
  }
  const kill = async (): Promise<void> => {
    if (server === undefined) return
    process.kill(-server.pid, 'SIGKILL')
    await server[Symbol.asyncDispose]()
    server = undefined
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    socket,
    via: 'process',
    detail: `redis-server ${await redisVersion(program)}, restartable`,
    kill,
    start,
    [Symbol.asyncDispose]: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
