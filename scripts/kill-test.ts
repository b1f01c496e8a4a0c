// Kills the indexing program at random moments until it has finished, and compares with a run that nobody disturbed.
// node --conditions=@arpeggio/source scripts/kill-test.ts [files = 5000] [kills = 20]
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [files = 5000, kills = 20] = process.argv.slice(2).map(Number)
const LINE_BYTES = 'began 00000000-0000-0000-0000-000000000000\n'.length
const PROGRAM = ['--conditions=@arpeggio/source', 'examples/index-folder.ts']

const home = mkdtempSync(join(tmpdir(), 'arpeggio-kill-'))
const tree = join(home, 'tree')
for (let at = 0; at < files; at += 1) {
  const folder = join(tree, String(at % 97))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${at}.${['txt', 'md', 'json'][at % 3]}`), `file ${at % 1000}\n`.repeat(1 + (at % 50)))
}

/** Runs the program; with `lines`, kills it as soon as its log has grown by so many. */
async function run(name: string, lines = Infinity): Promise<{ readonly killed: boolean; readonly total: string }> {
  const log = join(home, `${name}.log`)
  writeFileSync(log, '', { flag: 'a' })
  const from = statSync(log).size
  const args = [...PROGRAM, tree, '--backend', `sqlite://${join(home, name)}.db`, '--log-runs', log]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const watcher = watch(log, () => statSync(log).size - from >= lines * LINE_BYTES && child.kill('SIGKILL'))
  await once(child, 'close')
  watcher.close()
  assert.ok(child.signalCode === 'SIGKILL' || child.exitCode === 0, `exit code ${child.exitCode}\n${output}`)
  return { killed: child.signalCode !== null, total: /^Total: .*$/m.exec(output)?.[0] ?? '' }
}

const undisturbed = await run('undisturbed')
console.log(undisturbed.total)
let killed = 0
while (killed < kills) {
  const attempt = await run('killed', 1 + Math.floor(Math.random() * ((2 * files) / kills)))
  if (!attempt.killed) break
  killed += 1
}
const { total } = await run('killed')

const saved = new Set<string>()
let again = 0
for (const line of readFileSync(join(home, 'killed.log'), 'utf8').split('\n')) {
  const [event, id = ''] = line.split(' ')
  if (event === 'began' && saved.has(id)) again += 1
  if (event === 'saved') saved.add(id)
}
console.log(`${killed} kills; ${saved.size} results seen stored, ${again} of them run again`)
assert.equal(total, undisturbed.total)
assert.equal(again, 0)
rmSync(home, { recursive: true })
