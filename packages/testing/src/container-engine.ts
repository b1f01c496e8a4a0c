import { command, succeeds } from './command.ts'

/** The label that tells which process started a container. */
export const OWNER_LABEL = 'arpeggio-testing.pid'
const RYUK = 'testcontainers/ryuk:0.14.0' // the one that Testcontainers 12.2 uses

let engine: Promise<boolean> | undefined
let registryAnswers = true
let prepared: Promise<void> | undefined

/** Whether a container engine answers. Asked once. */
export function engineAnswers(): Promise<boolean> {
  engine ??= succeeds('docker', ['version', '--format', '{{.Server.Version}}'], { limitMs: 10_000 })
  return engine
}

/** Whether the image is here, without asking a registry. */
export function hasImage(image: string): Promise<boolean> {
  return succeeds('docker', ['image', 'inspect', '--format', '{{.Id}}', image])
}

/** Pulls an image unless it is here. Once a registry did not answer, none is asked again. */
export async function pullImage(image: string): Promise<boolean> {
  if (await hasImage(image)) return true
  if (!registryAnswers) return false
  try {
    await command('docker', ['pull', '-q', image], { limitMs: 300_000 })
    return true
  } catch (error) {
    registryAnswers = /not found|manifest unknown|denied/i.test(String(error))
    return false
  }
}

/**
 * Makes sure that containers never outlive the run: Testcontainers' own watchman does that where its image can be had.
 * Elsewhere the containers of runs that ended without cleaning up are removed here.
 */
export function prepareEngine(): Promise<void> {
  prepared ??= (async () => {
    // Inside a container Testcontainers looks for published ports at the bridge's gateway, where an engine that publishes
    // on this machine's own address alone has none.
    process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= '127.0.0.1'
    const wanted = process.env['RYUK_CONTAINER_IMAGE'] ?? RYUK
    if (process.env['TESTCONTAINERS_RYUK_DISABLED'] === undefined && !(await pullImage(wanted))) {
      process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
    }
    await removeOrphans()
  })()
  return prepared
}

async function removeOrphans(): Promise<void> {
  const format = `{{.ID}} {{.Label "${OWNER_LABEL}"}}`
  const listed = await command('docker', ['ps', '-a', '--filter', `label=${OWNER_LABEL}`, '--format', format])
  const containers = listed.split('\n').map((line) => line.split(' '))
  const orphans = containers.filter(([id, pid]) => id !== '' && pid !== undefined && !runs(Number(pid)))
  if (orphans.length > 0)
    await command('docker', ['rm', '-f', ...orphans.map(([id = '']) => id)]).catch(() => undefined)
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
