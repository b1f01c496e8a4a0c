import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { programFromApt } from './apt.ts'
import { cached } from './cache-folder.ts'
import { command } from './command.ts'
import { freePort } from './free-port.ts'
import { httpAnswers } from './http-answers.ts'
import { serverProcess } from './server-process.ts'
import type { Service } from './service.ts'

export const GCS_VERSION = '1.56.1'

/** Gives the path of fake-gcs-server: the one in TEST_FAKE_GCS_SERVER, or one built by Go (about a minute, once). */
export async function gcsServer(): Promise<string> {
  const named = process.env['TEST_FAKE_GCS_SERVER']
  if (named !== undefined && existsSync(named)) return named
  return cached(`fake-gcs-server-${GCS_VERSION}`, async (folder) => {
    const go = await programFromApt('go', ['golang-go'])
    const source = `github.com/fsouza/fake-gcs-server@v${GCS_VERSION}`
    await command(go, ['install', '-trimpath', '-ldflags=-s -w', source], { env: { GOBIN: folder, CGO_ENABLED: '0' } })
    return join(folder, 'fake-gcs-server')
  })
}

export async function gcsProcess(): Promise<Service> {
  const program = await gcsServer()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = [
    '-backend',
    'memory',
    '-scheme',
    'http',
    '-host',
    '127.0.0.1',
    '-port',
    String(port),
    '-external-url',
    url,
  ]
  const server = await serverProcess({ program, args, ready: () => httpAnswers(`${url}/_internal/healthcheck`) })
  return {
    url,
    via: 'process',
    detail: `fake-gcs-server ${GCS_VERSION}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
