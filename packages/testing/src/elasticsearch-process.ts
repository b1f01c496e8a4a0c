import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installFromApt, programFromApt } from './apt.ts'
import { cached } from './cache-folder.ts'
import { command } from './command.ts'
import { freePorts } from './free-port.ts'
import { httpAnswers } from './http-answers.ts'
import { newestJava, type JavaHome } from './java.ts'
import { serverProcess } from './server-process.ts'
import type { Service } from './service.ts'

export const ELASTICSEARCH_VERSION = '9.5.3'
const NOBODY = 65_534
// `-UseG1GC` must be said, or two collectors conflict.
const JAVA_OPTIONS =
  '-Xms256m -Xmx256m -XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC -XX:-AlwaysPreTouch -Xlog:disable -Xlog:all=warning:stderr'

/** Of so small a heap the usual shares would refuse a document of some megabytes, and garbage would count as used. */
export const smallHeapSettings = [
  ['indexing_pressure.memory.limit', '50%'],
  ['indices.breaker.total.use_real_memory', 'false'],
] as const

/** Gives the folder of the unpacked server without its optional modules, which is what Maven Central has. */
export function elasticsearchHome(): Promise<string> {
  const release = `elasticsearch-${ELASTICSEARCH_VERSION}`
  return cached(release, async (folder) => {
    const maven = await programFromApt('mvn', ['maven'])
    const unzip = await programFromApt('unzip', ['unzip'])
    const artifact = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${ELASTICSEARCH_VERSION}:zip`
    await command(maven, ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`])
    await command(unzip, ['-q', join(folder, `${release}.zip`), '-d', folder])
    return join(folder, release)
  })
}

/** Elasticsearch 9 runs on Java 21 and newer. */
export function elasticsearchJava(): Promise<JavaHome> {
  return newestJava(21, () => installFromApt(['openjdk-21-jdk-headless'], 'Java 21 is missing'))
}

export async function elasticsearchProcess(): Promise<Service> {
  const [home, java] = [await elasticsearchHome(), await elasticsearchJava()]
  const folder = await scratchFolder(home)
  const program = join(isRoot() ? join(folder, 'home') : home, 'bin', 'elasticsearch')
  const [port, transport] = await freePorts(2)
  const url = `http://127.0.0.1:${port}`
  const settings = [
    'discovery.type=single-node',
    'xpack.security.enabled=false',
    ...smallHeapSettings.map((setting) => setting.join('=')),
    'network.host=127.0.0.1',
    `http.port=${port}`,
    `transport.port=${transport}`,
    `path.data=${join(folder, 'data')}`,
    `path.logs=${join(folder, 'logs')}`,
  ]
  const server = await serverProcess({
    program,
    args: settings.flatMap((setting) => ['-E', setting]),
    ready: () => httpAnswers(`${url}/_cluster/health`),
    env: {
      ES_JAVA_HOME: java.folder,
      ES_JAVA_OPTS: JAVA_OPTIONS,
      ES_PATH_CONF: join(folder, 'config'),
      ES_TMPDIR: join(folder, 'tmp'),
      JAVA_HOME: undefined,
    },
    limitMs: 180_000,
    ...(isRoot() && { uid: NOBODY }),
  })
  return {
    url,
    via: 'process',
    detail: `Elasticsearch ${ELASTICSEARCH_VERSION} on Java ${java.version}`,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * What the server writes goes here, its own folder stays as it is. It refuses to run as root, and nobody else can see
 * into root's cache, so that for root a copy of the whole server is here too.
 */
async function scratchFolder(home: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-elasticsearch-'))
  cpSync(join(home, 'config'), join(folder, 'config'), { recursive: true })
  for (const name of ['config/jvm.options.d', 'data', 'logs', 'tmp']) mkdirSync(join(folder, name), { recursive: true })
  if (isRoot()) {
    await command('cp', ['-R', home, join(folder, 'home')])
    await command('chown', ['-R', `${NOBODY}:${NOBODY}`, folder])
  }
  return folder
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}
