// Shows on a copy of the repository what a release would do to the versions. Nothing here is changed or published.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.ts'
import { publishedPackages, ROOT } from './workspace.ts'

const CORE = '@arpeggio/core'
const KIT = '@arpeggio/conformance'

interface Scenario {
  readonly title: string
  readonly changeset: Readonly<Record<string, 'patch' | 'minor'>>
  /** Which part of the version goes up, for each package; `none` for those not named. */
  readonly expected: Readonly<Record<string, Bump>>
  /** What the packages that are not named may do at most. */
  readonly others: Bump
}

type Bump = 'none' | 'patch' | 'minor' | 'major'
const BUMPS: readonly Bump[] = ['none', 'patch', 'minor', 'major']

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a minor release of core',
    changeset: { [CORE]: 'minor' },
    expected: { [CORE]: 'minor', [KIT]: 'minor' },
    others: 'patch',
  },
  {
    title: 'a patch of the kit',
    changeset: { [KIT]: 'patch' },
    expected: { [CORE]: 'patch', [KIT]: 'patch' },
    others: 'patch',
  },
  {
    title: 'a minor release of one backend',
    changeset: { '@arpeggio/backend-memory': 'minor' },
    expected: { '@arpeggio/backend-memory': 'minor' },
    others: 'none',
  },
]

for (const scenario of SCENARIOS) check(scenario)

function check({ title, changeset, expected, others }: Scenario): void {
  const copy = mkdtempSync(join(tmpdir(), 'release-'))
  try {
    const before = prepare(copy, changeset)
    run(join(ROOT, 'node_modules/.bin/changeset'), ['version'], { cwd: copy })
    for (const { manifest } of publishedPackages(copy)) {
      const old = before.get(manifest.name)
      assert(old !== undefined)
      const bump = bumpOf(old.version, manifest.version)
      const wanted = expected[manifest.name]
      console.log(`${title}: ${manifest.name} ${old.version} → ${manifest.version}`)
      if (wanted !== undefined) assert.equal(bump, wanted, `${title}: ${manifest.name} moved by ${bump}`)
      else assert(BUMPS.indexOf(bump) <= BUMPS.indexOf(others), `${title}: ${manifest.name} moved by ${bump}`)
      assert.deepEqual(manifest.peerDependencies, old.peerDependencies, `${title}: ${manifest.name} changed its peers`)
    }
    const versions = new Map(publishedPackages(copy).map(({ manifest }) => [manifest.name, manifest.version]))
    assert.equal(versions.get(CORE), versions.get(KIT), `${title}: core and the kit differ`)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Clones the repository, with one changeset instead of those that wait. Returns the manifests before the release. */
function prepare(copy: string, changeset: Scenario['changeset']): ReadonlyMap<string, Released> {
  run('git', ['clone', '--quiet', '--depth', '1', `file://${ROOT}`, copy])
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  for (const file of readdirSync(join(copy, '.changeset')))
    if (file.endsWith('.md') && file !== 'README.md') rmSync(join(copy, '.changeset', file))
  const lines = Object.entries(changeset).map(([name, bump]) => `'${name}': ${bump}`)
  writeFileSync(join(copy, '.changeset', 'proof.md'), ['---', ...lines, '---', '', 'A change.', ''].join('\n'))
  return new Map(publishedPackages(copy).map(({ manifest }) => [manifest.name, manifest]))
}

type Released = ReturnType<typeof publishedPackages>[number]['manifest']

function bumpOf(before: string, after: string): Bump {
  const [old, next] = [before.split('.'), after.split('.')]
  const part = old.findIndex((number, index) => number !== next[index])
  return part === -1 ? 'none' : (BUMPS[3 - part] ?? 'major')
}
