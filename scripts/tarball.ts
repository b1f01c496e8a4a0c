import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.ts'
import type { WorkspacePackage } from './workspace.ts'

/** Packs a package as it would be published. Returns the path of the tarball. */
export function pack({ folder, manifest }: WorkspacePackage, destination: string): string {
  const own = join(destination, manifest.name.replaceAll(/[@/]/gu, '-'))
  mkdirSync(own, { recursive: true })
  const printed = run('pnpm', ['pack', '--json', '--pack-destination', own], { cwd: folder })
  const { filename } = JSON.parse(printed.slice(printed.indexOf('{'), printed.lastIndexOf('}') + 1)) as PackReport
  return filename.startsWith('/') ? filename : join(own, filename)
}

interface PackReport {
  readonly filename: string
}

/** The files in a tarball, sorted, without the folder that all of them are in. */
export function filesOf(tarball: string): readonly string[] {
  const listed = run('tar', ['-tzf', tarball]).split('\n')
  return listed
    .filter((path) => path !== '')
    .map((path) => path.replace(/^package\//u, ''))
    .toSorted()
}
