import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programFromApt } from './apt.ts'
import { cached } from './cache-folder.ts'
import { command } from './command.ts'
import { freePort } from './free-port.ts'
import { REDIS_OPTIONS, redisVersion } from './redis-process.ts'
import { redisAnswers } from './redis-talk.ts'
import { serverProcess } from './server-process.ts'
import { type Service, ServiceMissing } from './service.ts'

/** The servers that are newer than the Debian this runs on may have. */
export type NewerRedis = 'redis8' | 'valkey8'

/** The program of each, in the folder that `newerRoot` gives. */
export const newerProgram: Readonly<Record<NewerRedis, string>> = {
  redis8: '/usr/bin/redis-server',
  valkey8: '/usr/bin/valkey-server',
}

const RELEASE = 'trixie'

/** A small Debian of its own with both servers, because those of a newer release need its libraries. */
export function newerRoot(): Promise<string> {
  return cached(`debian-${RELEASE}-redis8-valkey8`, async (folder) => {
    if (process.getuid?.() !== 0) {
      throw new ServiceMissing(
        'only root can lay out a Debian with Redis 8 and Valkey 8: use containers, or set their URLs',
      )
    }
    const debootstrap = await programFromApt('debootstrap', ['debootstrap'])
    const root = join(folder, 'root')
    const include = '--include=redis-server,valkey-server'
    console.log(`[services] Redis 8 and Valkey 8 are missing: debootstrap ${RELEASE}`)
    await command(debootstrap, ['--variant=minbase', include, RELEASE, root, mirror()], { limitMs: 600_000 })
    return root
  })
}

export async function newerVersion(name: NewerRedis): Promise<string> {
  return await redisVersion('chroot', [await newerRoot(), newerProgram[name]])
}

export async function newerRedisProcess(name: NewerRedis): Promise<Service> {
  const port = await freePort()
  const program = newerProgram[name]
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', '/tmp', ...REDIS_OPTIONS]
  const server = await serverProcess({
    program: 'chroot',
    args: [await newerRoot(), program, ...options],
    ready: () => redisAnswers(port),
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    via: 'process',
    detail: `${program.replace('/usr/bin/', '')} ${await newerVersion(name)}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Where this machine gets its own packages from. */
function mirror(): string {
  const folder = '/etc/apt/sources.list.d'
  const listed = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  for (const file of ['/etc/apt/sources.list', ...listed]) {
    if (!/\.(?:list|sources)$/u.test(file) || !existsSync(file)) continue
    const found = /^(?:URIs:|deb) *(?:\[[^\]]*\] *)?(https?:\S+\/debian)\/?(?:\s|$)/mu.exec(readFileSync(file, 'utf8'))
    if (found?.[1] !== undefined) return found[1]
  }
  throw new ServiceMissing('apt knows no mirror of Debian')
}
