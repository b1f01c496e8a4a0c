import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.ts'
import { ROOT } from './workspace.ts'

const KIT_TEST = `import { describe, it } from 'node:test'
import { abilityNames, register } from '@arpeggio/conformance'
import { MapBackend } from './third-party-backend.ts'

const lacks = Object.fromEntries(abilityNames.map((name) => [name, 'a map is enough for the contract']))
register({ name: 'a backend of a third party', lacks, open: async () => new MapBackend() }, { describe, it })
`

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2024', 'ESNext.Disposable'],
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    types: ['node'],
  },
  include: ['*.ts'],
}

/** Installs the tarballs into an empty project by the README's command, and uses them there. */
export function checkInstalled(tarballs: ReadonlyMap<string, string>, project: string, nodes: readonly string[]): void {
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  install(project, tarballs, commandOfReadme())
  runQuickStart(project)
  requireFromCommonJs(project, nodes)
  install(project, tarballs, ['@arpeggio/conformance'])
  runKit(project)
  checkTypes(project)
}

/** The packages after `npm install` in the README. */
function commandOfReadme(): readonly string[] {
  const names = /^npm install (?<names>@.+)$/mu.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.groups?.['names']
  assert(names !== undefined, 'the README has no install command')
  return names.split(' ')
}

function install(project: string, tarballs: ReadonlyMap<string, string>, names: readonly string[]): void {
  const files = names.map((name) => tarballs.get(name) ?? name)
  run('npm', ['install', '--no-audit', '--no-fund', ...files], { cwd: project })
  report(`npm install ${names.join(' ')}`)
}

function runQuickStart(project: string): void {
  copyFileSync(join(ROOT, 'examples/quick-start.ts'), join(project, 'quick-start.ts'))
  const printed = run(process.execPath, ['--disable-warning=ExperimentalWarning', 'quick-start.ts'], { cwd: project })
  assert.equal(printed, readFileSync(join(ROOT, 'examples/quick-start.out'), 'utf8'))
  report('the ten lines of the README run')
}

function requireFromCommonJs(project: string, nodes: readonly string[]): void {
  writeFileSync(join(project, 'load.cjs'), "console.log(typeof require('@arpeggio/core').BackendError)\n")
  for (const node of nodes) {
    assert.match(run(node, ['load.cjs'], { cwd: project }), /^function$/mu)
    report(`require() works on Node ${run(node, ['--version']).trim()}`)
  }
}

/** A backend written against nothing but the packed core passes the packed kit. */
function runKit(project: string): void {
  copyFileSync(join(ROOT, 'packages/conformance/test/third-party-backend.ts'), join(project, 'third-party-backend.ts'))
  writeFileSync(join(project, 'kit.test.ts'), KIT_TEST)
  const printed = run(process.execPath, ['--test-reporter=tap', 'kit.test.ts'], { cwd: project })
  const passed = Number(/^# pass (?<count>\d+)$/mu.exec(printed)?.groups?.['count'] ?? 0)
  assert(passed > 0, printed)
  report(`a third party's backend passes ${passed} cases of the kit`)
}

function checkTypes(project: string): void {
  mkdirSync(join(project, 'node_modules/@types'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'))
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: project })
  report('its types are sound, skipLibCheck off')
}

function report(text: string): void {
  console.log(`${'in an empty project'.padEnd(26)} ${text}`)
}
