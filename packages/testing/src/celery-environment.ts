import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programFromApt, installFromApt } from './apt.ts'
import { cached } from './cache-folder.ts'
import { command, succeeds } from './command.ts'
import type { Service } from './service.ts'

const REQUIREMENTS = join(import.meta.dirname, '..', 'celery')

/** The versions of Celery that can be had, each with everything below it pinned. The first is the default. */
export const CELERY_VERSIONS = ['5.6.3', '5.7.0'] as const
export type CeleryVersion = (typeof CELERY_VERSIONS)[number]

/** Makes the Python environment with Celery in the cache folder, once for each set of pinned versions. The URL is the path of its Python. */
export async function setupCelery(version: CeleryVersion): Promise<Service> {
  const folder = await cached(`celery-${version}-${digest()}`, async (folder) => {
    await createEnvironment(join(folder, 'venv'), version)
    return join(folder, 'venv')
  })
  const python = join(folder, 'bin', 'python')
  const found = await command(python, ['-c', 'import celery; print(celery.__version__)'])
  return { url: python, via: 'process', detail: `Celery ${found}`, [Symbol.asyncDispose]: () => Promise.resolve() }
}

function digest(): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(REQUIREMENTS).toSorted()) hash.update(readFileSync(join(REQUIREMENTS, name)))
  return hash.digest('hex').slice(0, 12)
}

/** Programs of the environment are run as `python -m …` only: the scripts that pip writes hold the path before the move. */
async function createEnvironment(folder: string, version: CeleryVersion): Promise<void> {
  const python = await programFromApt('python3', ['python3', 'python3-venv'])
  if (!(await succeeds(python, ['-c', 'import venv, ensurepip'])))
    await installFromApt(['python3-venv'], 'venv is missing')
  await command(python, ['-m', 'venv', folder])
  const requirements = join(REQUIREMENTS, `${version}.txt`)
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
  await command(join(folder, 'bin', 'python'), install)
}
