import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { command, which } from './command.ts'
import { ServiceMissing } from './service.ts'

export interface JavaHome {
  readonly folder: string
  readonly version: number
}

/** The Java installations of this machine, oldest first. `TEST_JAVA_HOME` and `JAVA_HOME` are among them. */
export async function javaHomes(): Promise<readonly JavaHome[]> {
  const system = '/usr/lib/jvm'
  const listed = existsSync(system) ? readdirSync(system).map((name) => join(system, name)) : []
  const folders = [process.env['TEST_JAVA_HOME'], process.env['JAVA_HOME'], await homeOnPath(), ...listed]
  return folders
    .filter((folder) => folder !== undefined && existsSync(join(folder, 'bin', 'java')))
    .map((folder) => ({ folder: folder ?? '', version: versionOf(folder ?? '') }))
    .toSorted((a, b) => a.version - b.version)
}

/** The newest installation, or one that apt brings. Rejects with ServiceMissing when all are older than `least`. */
export async function newestJava(least: number, install: () => Promise<void>): Promise<JavaHome> {
  const found = (await javaHomes()).at(-1)
  if (found !== undefined && found.version >= least) return found
  await install()
  const installed = (await javaHomes()).at(-1)
  if (installed !== undefined && installed.version >= least) return installed
  throw new ServiceMissing(`Java ${least} or newer is missing: install a JDK, or set TEST_JAVA_HOME`)
}

async function homeOnPath(): Promise<string | undefined> {
  if ((await which('java')) === undefined) return undefined
  const text = await command('sh', ['-c', 'java -XshowSettings:properties -version 2>&1']).catch(() => '')
  return /java\.home = (.+)/.exec(text)?.[1]?.trim()
}

function versionOf(folder: string): number {
  const release = join(folder, 'release')
  if (!existsSync(release)) return 0
  return Number(/JAVA_VERSION="(\d+)/.exec(readFileSync(release, 'utf8'))?.[1] ?? 0)
}
