import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { firestore, gcs } from '@arpeggio/testing'
import { describe, expect, it } from 'vitest'
import { Buckets } from './gcs-harness.ts'

const { url } = await gcs()
const flags = ['--disable-warning=ExperimentalWarning', '--conditions=@arpeggio/source']

async function runWithout(missing: string, useFirestore = ''): Promise<string> {
  const script = fileURLToPath(new URL('without-package.ts', import.meta.url))
  const args = [...flags, script, url, await new Buckets(url).make(), missing, useFirestore]
  return (await promisify(execFile)(process.execPath, args)).stdout.trim()
}

describe('a package that is not installed', () => {
  it("[G1] is not missed where objects alone are kept and it is Firestore's", async () => {
    expect(await runWithout('@google-cloud/firestore')).toBe('written')
  })

  it('[G1] is named where it is needed', async () => {
    expect(await runWithout('@google-cloud/firestore', 'yes')).toMatch(
      /^misconfigured: @google-cloud\/firestore is missing/,
    )
    expect(await runWithout('@google-cloud/storage')).toMatch(/^misconfigured: @google-cloud\/storage is missing/)
  })
})

describe('the program', () => {
  const program = fileURLToPath(new URL('../../../../examples/index-folder.ts', import.meta.url))

  async function tableOf(folder: string, backend: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const args = [...flags, program, folder, '--backend', backend]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, ...env },
      timeout: 100_000,
    })
    return stdout.slice(stdout.indexOf('┌'))
  }

  it('makes the same table on a bucket, with Firestore and without, as on an embedded file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'arpeggio-gcs-'))
    try {
      for (let file = 0; file < 12; file++) await writeFile(join(folder, `${file}.txt`), 'line\n'.repeat(file + 1))
      const bucket = await new Buckets(url).make()
      const env = { STORAGE_EMULATOR_HOST: url, FIRESTORE_EMULATOR_HOST: (await firestore()).url }
      const table = await tableOf(folder, 'memory:')
      expect(table).toContain('12 files')
      expect(await tableOf(folder, `gs://${bucket}/a?gcs_project=test`, env)).toBe(table)
      expect(await tableOf(folder, `gs://${bucket}/b?gcs_project=test&firestore_project=${bucket}`, env)).toBe(table)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
