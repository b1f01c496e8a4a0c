import { readFileSync } from 'node:fs'
import { command, which } from './command.ts'
import { ServiceMissing } from './service.ts'

let updated: Promise<unknown> | undefined
let queue: Promise<unknown> = Promise.resolve()

/** Gives the path of a program, installed by apt if it is missing. Rejects with ServiceMissing where apt may not be used. */
export async function programFromApt(program: string, packages: readonly string[]): Promise<string> {
  const found = await which(program)
  if (found !== undefined) return found
  await installFromApt(packages, `${program} is missing`)
  const installed = await which(program)
  if (installed === undefined) throw new ServiceMissing(`${packages.join(', ')} brought no ${program}`)
  return installed
}

/** Installs Debian packages, one call at a time, and says so. Only as root on Debian or Ubuntu: elsewhere it is not ours to do. */
export async function installFromApt(packages: readonly string[], reason: string): Promise<void> {
  if (process.getuid?.() !== 0 || !isDebian()) {
    throw new ServiceMissing(`${reason}: install ${packages.join(', ')} with your package manager`)
  }
  const turn = install(queue, packages, reason)
  queue = turn.catch(() => undefined)
  try {
    await turn
  } catch (error) {
    throw new ServiceMissing(`${reason}, and apt could not install it (${String(error)})`, { cause: error })
  }
}

async function install(before: Promise<unknown>, packages: readonly string[], reason: string): Promise<void> {
  await before
  console.log(`[services] ${reason}: apt-get install ${packages.join(' ')}`)
  await (updated ??= aptGet(['update', '-q']))
  await aptGet(['install', '-y', '-q', '--no-install-recommends', ...packages])
}

/** `RUNLEVEL=1` keeps packages from starting the server they bring. */
function aptGet(args: readonly string[]): Promise<string> {
  return command('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  })
}

function isDebian(): boolean {
  try {
    return /^ID(?:_LIKE)?=.*(?:debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
