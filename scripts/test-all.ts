import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countVitest, type Counts } from './vitest-counts.ts'

// Everything that must hold, each step whatever became of the others; the last line is the sum.
const scratch = mkdtempSync(join(tmpdir(), 'arpeggio-test-'))
const services = join(scratch, 'services.txt')
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  METADATA_SERVER_DETECTION: 'none',
  TEST_SERVICES_REPORT: services,
}
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const source = '--conditions=@arpeggio/source'
// Some minutes for CI, half a minute for a person.
const chords = process.env['CI'] === 'true' ? '200000' : '20000'

for (const signal of signals) process.on(signal, () => process.exit(130))
const images = run('node', [source, 'packages/testing/src/prepare.ts'], 'ignore')
const counts: Counts[] = []
// For what packs or builds: those programs call pnpm in their turn.
const pnpm = ['-y', 'pnpm@12.21.0']
await step('format', 'oxfmt', ['--check', '.'])
await step('lint', 'oxlint', ['--type-aware', '--deny-warnings'])
await step('types', 'tsc', ['-p', 'tsconfig.json'])
await step('unused code', 'knip', [])
await step('workflows', 'node', ['scripts/lint-workflows.ts'])
await step('documentation', 'node', ['scripts/readme.ts', '--check'])
await tests('unit')
await step('simulation', 'node', [source, 'packages/simulation/src/cli.ts', '--chords', chords], 1_500_000)
await step('examples', 'node', ['scripts/examples.ts'])
await step('packages', 'npx', [...pnpm, 'run', 'check:packages'])
await step('release', 'npx', [...pnpm, 'run', 'check:release'])
await images
await tests('services')

const sum = (key: 'passed' | 'failed' | 'skipped'): number => counts.reduce((total, count) => total + count[key], 0)
if (existsSync(services)) process.stdout.write(`\nStores\n${readFileSync(services, 'utf8')}`)
rmSync(scratch, { recursive: true, force: true })
// Once more at the end, where whoever sees no more than that finds it.
const failures = counts.flatMap((count) => count.failures)
if (failures.length > 0) console.log(`\nFailed\n${failures.map((failure) => `  ${failure}`).join('\n')}`)
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
process.exitCode = sum('failed') > 0 ? 1 : 0

async function step(title: string, program: string, args: readonly string[], limitMs?: number): Promise<void> {
  console.log(`\n— ${title}`)
  const ok = await run(program, args, 'inherit', limitMs)
  counts.push({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, failures: ok ? [] : [title] })
}

async function tests(project: string): Promise<void> {
  console.log(`\n— ${project} tests`)
  const file = join(scratch, `${project}.json`)
  environment['TEST_REPORT'] = file
  const ok = await run('vitest', ['run', '--project', project], 'inherit', 2_700_000)
  counts.push(countVitest(file, ok))
}

/** Whether the program ended well within its time. A step that hangs must not take the closing line with it. */
function run(
  program: string,
  args: readonly string[],
  stdio: 'inherit' | 'ignore',
  limitMs = 600_000,
): Promise<boolean> {
  return new Promise((resolve) => {
    // A process group of its own, so that the limit ends all of it.
    const child = spawn(program, args, {
      stdio: ['ignore', stdio, stdio],
      env: environment,
      detached: true,
    })
    const kill = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }
    for (const signal of signals) process.once(signal, kill)
    const limit = setTimeout(() => {
      console.log(`${program}: ended after ${limitMs / 1000} s`)
      kill()
    }, limitMs)
    const end = (ok: boolean): void => {
      clearTimeout(limit)
      for (const signal of signals) process.off(signal, kill)
      resolve(ok)
    }
    child.once('error', (error) => {
      console.log(`${program}: ${error.message}`)
      end(false)
    })
    child.once('exit', (code) => end(code === 0))
  })
}
