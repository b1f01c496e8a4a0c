import { createHash } from 'node:crypto'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programFromApt, installFromApt } from './apt.ts'
import { cached } from './cache-folder.ts'
import { command, succeeds } from './command.ts'
import type { Service } from './service.ts'

const REQUIREMENTS = join(import.meta.dirname, '..', 'celery-requirements.txt')

/** Makes the Python environment with Celery in the cache folder, once per set of pinned versions. The URL is the path of its Python. */
export async function setupCelery(): Promise<Service> {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const folder = await cached(`celery-${digest}`, async (folder) => {
    await createEnvironment(join(folder, 'venv'))
    return join(folder, 'venv')
  })
  const python = join(folder, 'bin', 'python')
  const version = await command(python, ['-c', 'import celery; print(celery.__version__)'])
  return { url: python, via: 'process', detail: `Celery ${version}`, [Symbol.asyncDispose]: () => Promise.resolve() }
}

/** Programs of the environment are run as `python -m …` only: the scripts that pip writes hold the path before the move. */
async function createEnvironment(folder: string): Promise<void> {
  const python = await programFromApt('python3', ['python3', 'python3-venv'])
  if (!(await succeeds(python, ['-c', 'import venv, ensurepip'])))
    await installFromApt(['python3-venv'], 'venv is missing')
  await command(python, ['-m', 'venv', folder])
  cpSync(REQUIREMENTS, join(folder, 'requirements.txt'))
  const install = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    join(folder, 'requirements.txt'),
  ]
  await command(join(folder, 'bin', 'python'), install)
}
