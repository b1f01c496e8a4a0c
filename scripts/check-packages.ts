// Builds and packs what is published, and looks at it as a stranger would.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { apiReport } from './api-report.ts'
import { checkInstalled } from './check-installed.ts'
import { run } from './run.ts'
import { filesOf, pack } from './tarball.ts'
import { publishedPackages, ROOT, type Manifest, type WorkspacePackage } from './workspace.ts'

const { values: options } = parseArgs({
  options: {
    update: { type: 'boolean', default: false }, // rewrites the committed lists of files and public surfaces
    node: { type: 'string', multiple: true, default: [process.execPath] }, // what loads core from CommonJS
  },
})

const destination = mkdtempSync(join(tmpdir(), 'packages-'))
try {
  build()
  const tarballs = new Map(publishedPackages().map((member) => [member.manifest.name, checkPackage(member)]))
  checkInstalled(tarballs, join(destination, 'project'), options.node)
} finally {
  rmSync(destination, { recursive: true, force: true })
}

function build(): void {
  // What an earlier state of the sources has left would be packed as well.
  for (const { folder } of publishedPackages()) rmSync(join(folder, 'dist'), { recursive: true, force: true })
  turbo()
  const second = turbo()
  const counts = /Cached:\s+(?<cached>\d+) cached, (?<total>\d+) total/u.exec(second)?.groups
  assert(counts !== undefined && counts['total'] !== '0', second)
  assert.equal(counts['cached'], counts['total'], `the second build was not cached:\n${second}`)
  report('build', `${counts['total']} packages, all of them cached the second time`)
}

function turbo(): string {
  return run(join(ROOT, 'node_modules/.bin/turbo'), ['run', 'build', '--output-logs=errors-only', '--no-color'], {
    cwd: ROOT,
  })
}

function checkPackage(member: WorkspacePackage): string {
  const { name } = member.manifest
  const tarball = pack(member, destination)
  checkCommitted(member, 'tarball.txt', `${filesOf(tarball).join('\n')}\n`)
  checkCommitted(member, 'api.md', apiReport(member.folder, mkdtempSync(join(destination, 'api-'))))
  checkNeeded(name, filesOf(tarball))
  checkManifest(JSON.parse(run('tar', ['-xzOf', tarball, 'package/package.json'])) as Manifest)
  run(join(ROOT, 'node_modules/.bin/publint'), ['run', tarball, '--strict'], { cwd: ROOT })
  run(join(ROOT, 'node_modules/.bin/attw'), [tarball, '--profile', 'esm-only', '--no-color'], { cwd: ROOT })
  report(name, 'files and surface as committed, publint and attw have nothing to say')
  return tarball
}

/** A change of what is packed, or of what is public, is a difference that a person sees. */
function checkCommitted({ folder, manifest }: WorkspacePackage, file: string, current: string): void {
  const path = join(folder, file)
  if (options.update) writeFileSync(path, current)
  const committed = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const hint = `${manifest.name}: ${file} is stale; \`pnpm check:packages --update\` rewrites it`
  assert.deepEqual(current.split('\n'), committed.split('\n'), hint)
}

function checkNeeded(name: string, files: readonly string[]): void {
  const needed = ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts', 'dist/index.d.ts.map', 'src/index.ts']
  for (const file of needed) assert(files.includes(file), `${name} is packed without ${file}`)
}

function checkManifest({ name, dependencies = {}, peerDependencies = {} }: Manifest): void {
  const ranges = Object.values({ ...dependencies, ...peerDependencies })
  assert(
    !ranges.some((range) => /^(?:workspace|catalog):/u.test(range)),
    `${name} is packed with a range of the workspace`,
  )
  if (name === '@arpeggio/core')
    assert.deepEqual({ ...dependencies, ...peerDependencies }, {}, 'core depends on something')
  else assert.equal(peerDependencies['@arpeggio/core'], '^1.0.0', `${name} asks for another core`)
}

function report(subject: string, text: string): void {
  console.log(`${subject.padEnd(26)} ${text}`)
}
