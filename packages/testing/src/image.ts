import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { programFromApt } from './apt.ts'
import { command, which } from './command.ts'
import { hasImage, pullImage } from './container-engine.ts'
import { ELASTICSEARCH_VERSION, elasticsearchHome, elasticsearchJava } from './elasticsearch-process.ts'
import { firestoreJar, firestoreVersion } from './firestore-process.ts'
import { GCS_VERSION, gcsServer } from './gcs-process.ts'
import { javaHomes } from './java.ts'
import { newerProgram, type NewerRedis, newerRoot, newerVersion } from './newer-redis.ts'
import { redisServer, redisVersion } from './redis-process.ts'
import { ServiceMissing } from './service.ts'

/** What has an image of its own: the Redis topologies use that of Redis. */
export const IMAGE_NAMES = ['redis', 'redis8', 'valkey8', 'elasticsearch', 'firestore', 'gcs'] as const
export type ImageName = (typeof IMAGE_NAMES)[number]

/** What the builder needs to make an image of programs that this machine has. */
interface Recipe {
  readonly version: string
  readonly env: Readonly<Record<string, string>>
}

const OFFICIAL: Readonly<Record<ImageName, string>> = {
  redis: 'redis:7.0',
  redis8: 'redis:8',
  valkey8: 'valkey/valkey:8',
  elasticsearch: `elasticsearch:${ELASTICSEARCH_VERSION}`,
  firestore: 'gcr.io/google.com/cloudsdktool/google-cloud-cli:528.0.0-emulators',
  gcs: `fsouza/fake-gcs-server:${GCS_VERSION}`,
}

const BUILDER = join(import.meta.dirname, '..', 'images', 'build-image.sh')
const images = new Map<ImageName, Promise<string>>()

/** Gives an image for the service: the one in `TEST_<NAME>_IMAGE`, the official one, or one built here when that cannot be pulled. */
export function imageFor(name: ImageName): Promise<string> {
  const known = images.get(name)
  if (known !== undefined) return known
  const found = findImage(name)
  images.set(name, found)
  return found
}

async function findImage(name: ImageName): Promise<string> {
  const wanted = process.env[`TEST_${name.toUpperCase()}_IMAGE`]
  if (wanted !== undefined && wanted !== '') return wanted
  if (await hasImage(OFFICIAL[name])) return OFFICIAL[name]
  const built = await command('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}', localName(name)])
  if (built !== '') return built.split('\n')[0] ?? built
  if (await pullImage(OFFICIAL[name])) return OFFICIAL[name]
  return buildImage(name)
}

async function buildImage(name: ImageName): Promise<string> {
  if (process.platform !== 'linux')
    throw new ServiceMissing(`${OFFICIAL[name]} cannot be pulled, and only Linux can build its like`)
  const busybox = await programFromApt('busybox', ['busybox-static'])
  const { version, env } = await RECIPES[name]()
  const image = `${localName(name)}:${version}`
  await command('bash', [BUILDER, name, image], { env: { BUSYBOX: busybox, ...env } })
  return image
}

function localName(name: ImageName): string {
  return `arpeggio-testing/${name}`
}

const RECIPES: Readonly<Record<ImageName, () => Promise<Recipe>>> = {
  redis: async () => {
    const server = await redisServer()
    return {
      version: await redisVersion(server),
      env: { REDIS_SERVER: server, REDIS_CLI: (await which('redis-cli')) ?? '' },
    }
  },
  redis8: () => newerRecipe('redis8'),
  valkey8: () => newerRecipe('valkey8'),
  elasticsearch: async () => {
    const [home, java] = [await elasticsearchHome(), await elasticsearchJava()]
    return { version: ELASTICSEARCH_VERSION, env: { ELASTICSEARCH_HOME: home, JDK: java.folder } }
  },
  firestore: async () => {
    const jar = await firestoreJar()
    return { version: await firestoreVersion(jar), env: { FIRESTORE_JAR: jar, JDK: await linkingJdk() } }
  },
  gcs: async () => ({ version: GCS_VERSION, env: { GCS_SERVER: await gcsServer() } }),
}

async function newerRecipe(name: NewerRedis): Promise<Recipe> {
  const root = await newerRoot()
  return { version: await newerVersion(name), env: { DEBIAN: root, REDIS_SERVER: newerProgram[name] } }
}

/** A JDK that can link a small runtime: one with its modules as files, or one from version 24 on, which needs none. */
async function linkingJdk(): Promise<string> {
  const homes = (await javaHomes()).filter(({ folder }) => existsSync(join(folder, 'bin', 'jlink')))
  const jdk = homes.find(({ folder, version }) => existsSync(join(folder, 'jmods')) || version >= 24)
  if (jdk !== undefined) return jdk.folder
  throw new ServiceMissing('a JDK with jlink is missing: install one, or set TEST_JAVA_HOME')
}
