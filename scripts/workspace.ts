import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT: string = join(import.meta.dirname, '..')

/** The parts of a manifest that the checks look at. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface WorkspacePackage {
  readonly folder: string
  readonly manifest: Manifest
}

/** The packages under `root` that are published, core first. */
export function publishedPackages(root: string = ROOT): readonly WorkspacePackage[] {
  return readdirSync(join(root, 'packages'))
    .map((name) => {
      const folder = join(root, 'packages', name)
      return { folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest }
    })
    .filter(({ manifest }) => manifest.private !== true)
    .toSorted((a, b) => rank(a) - rank(b))
}

function rank({ manifest }: WorkspacePackage): number {
  return manifest.name === '@arpeggio/core' ? 0 : 1
}
