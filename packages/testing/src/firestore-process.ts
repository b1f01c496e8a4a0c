import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { installFromApt } from './apt.ts'
import { command, which } from './command.ts'
import { freePort } from './free-port.ts'
import { httpAnswers } from './http-answers.ts'
import { javaHomes, newestJava } from './java.ts'
import { serverProcess } from './server-process.ts'
import { ServiceMissing, type Service } from './service.ts'

const JAR = 'cloud-firestore-emulator.jar'

/** Gives the path of the emulator's jar. Nobody publishes it in a package registry, so it is found, never fetched. */
export async function firestoreJar(): Promise<string> {
  const jars = [process.env['TEST_FIRESTORE_JAR'], await jarOfDebian(), await jarOfGcloud()]
  const jar = jars.find((jar) => jar !== undefined && existsSync(jar))
  if (jar !== undefined) return jar
  throw new ServiceMissing(
    'the Firestore emulator is missing: install gcloud with its component cloud-firestore-emulator, or set TEST_FIRESTORE_JAR',
  )
}

/** Any Java from 11 on runs the emulator; the oldest that does starts fastest. */
async function firestoreJava(): Promise<string> {
  const found = (await javaHomes()).find(({ version }) => version >= 11)
  if (found !== undefined) return found.folder
  return (await newestJava(11, () => installFromApt(['default-jre-headless'], 'Java is missing'))).folder
}

export async function firestoreVersion(jar: string): Promise<string> {
  const manifest = await command('unzip', ['-p', jar, 'META-INF/MANIFEST.MF']).catch(() => '')
  return /^Implementation-Version: (\S+)/m.exec(manifest)?.[1] ?? 'local'
}

export async function firestoreProcess(): Promise<Service> {
  const [jar, java] = [await firestoreJar(), await firestoreJava()]
  const port = await freePort()
  const main = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore'
  const options = ['-Duser.language=en', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m']
  const server = await serverProcess({
    program: join(java, 'bin', 'java'),
    args: [...options, '-cp', jar, main, '--host=127.0.0.1', `--port=${port}`],
    ready: () => httpAnswers(`http://127.0.0.1:${port}`),
  })
  return {
    url: `127.0.0.1:${port}`,
    via: 'process',
    detail: `Firestore emulator ${await firestoreVersion(jar)}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function jarOfDebian(): Promise<string | undefined> {
  const files = await command('dpkg', ['-L', 'google-cloud-cli-firestore-emulator']).catch(() => '')
  return files.split('\n').find((file) => file.endsWith(`/${JAR}`))
}

async function jarOfGcloud(): Promise<string | undefined> {
  const gcloud = await which('gcloud')
  if (gcloud === undefined) return undefined
  return join(dirname(dirname(realpathSync(gcloud))), 'platform', 'cloud-firestore-emulator', JAR)
}
