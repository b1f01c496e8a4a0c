// Kills the indexing program at random moments until it has finished, and compares with a run that nobody disturbed; then
// starts it twice at once, and again, killing one of the two.
// node --conditions=@arpeggio/source scripts/kill-test.ts [files = 5000] [kills = 20]
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, watch } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SqliteBackend } from '@arpeggio/backend-sqlite'

const [files = 5000, kills = 20] = process.argv.slice(2).map(Number)
const PROGRAM = ['--disable-warning=ExperimentalWarning', '--conditions=@arpeggio/source', 'examples/index-folder.ts']
const LINE_BYTES = 'began 00000000-0000-0000-0000-000000000000\n'.length
/** Each result leaves two lines in the log. */
const LINES = 2 * (files + 1)

const home = mkdtempSync(join(tmpdir(), 'arpeggio-kill-'))
const tree = join(home, 'tree')
for (let at = 0; at < files; at += 1) {
  const folder = join(tree, String(at % 97))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${at}.${['txt', 'md', 'json'][at % 3]}`), `file ${at % 1000}\n`.repeat(1 + (at % 50)))
}

interface Run {
  readonly isKilled: boolean
  readonly total: string
  readonly seconds: number
}

/** Decides when to kill: called at the start, and whenever the log has grown by some lines. */
type Killer = (child: ChildProcess, lines: number, log: string) => void

const afterLines = (limit: number): Killer => {
  return (child, lines) => lines >= limit && child.kill('SIGKILL')
}
const afterMs = (ms: number): Killer => {
  return (child, lines) => lines === 0 && setTimeout(() => child.kill('SIGKILL'), ms)
}
/** Once this run's body has begun, its result may be stored or not, and what it was made of be removed or not. */
const inBody = (id: string, ms: number): Killer => {
  return (child, lines, log) =>
    lines > 0 && tailOf(log).includes(`began ${id}`) && setTimeout(() => child.kill('SIGKILL'), ms)
}

async function run(name: string, killer?: Killer): Promise<Run> {
  const log = join(home, `${name}.log`)
  const start = performance.now()
  const from = statSync(log).size
  const args = [...PROGRAM, tree, '--backend', `sqlite://${join(home, name)}.db`, '--log-runs', log]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  killer?.(child, 0, log)
  const watcher = watch(log, () => killer?.(child, 1 + (statSync(log).size - from) / LINE_BYTES, log))
  await once(child, 'close')
  watcher.close()
  const isKilled = child.signalCode === 'SIGKILL'
  assert.ok(isKilled || child.exitCode === 0, `exit code ${child.exitCode}\n${output}`)
  const total = /^Total: .*$/m.exec(output)?.[0] ?? ''
  return { isKilled, total, seconds: (performance.now() - start) / 1000 }
}

function tailOf(log: string): string {
  const tail = Buffer.alloc(20 * LINE_BYTES)
  const file = openSync(log, 'r')
  readSync(file, tail, { position: Math.max(0, statSync(log).size - tail.length) })
  closeSync(file)
  return tail.toString()
}

/** Makes a database that counts how often each result is written, by whatever process. */
async function prepare(name: string): Promise<void> {
  const path = join(home, `${name}.db`)
  const backend = new SqliteBackend({ path })
  await backend.get('any, to have the table made')
  await backend[Symbol.asyncDispose]()
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE written (key TEXT)')
  for (const event of ['INSERT', 'UPDATE']) {
    database.exec(`CREATE TRIGGER after_${event} AFTER ${event} ON arpeggio_results
      WHEN new.key LIKE 'celery-task-meta-%' BEGIN INSERT INTO written VALUES (new.key); END`)
  }
  database.close()
  writeFileSync(join(home, `${name}.log`), '')
}

/** What has to be true however it went. */
function check(name: string, runs: readonly Run[], isAlone = true): void {
  for (const { total } of runs) assert.equal(total, undisturbed.total)
  const database = new DatabaseSync(join(home, `${name}.db`), { readOnly: true })
  const number = (sql: string): number => Number(database.prepare(sql).get()?.['n'])
  assert.equal(number('SELECT count(*) n FROM arpeggio_results WHERE expires_at_ms IS NULL'), 0)
  assert.equal(number('SELECT count(DISTINCT key) n FROM written'), files + 1)
  assert.equal(number('SELECT count(*) n FROM written'), files + 1)
  assert.equal(number(`SELECT count(*) n FROM written WHERE key = 'celery-task-meta-${bodyId}'`), 1)
  const left = number(`SELECT count(*) n FROM arpeggio_results WHERE key LIKE 'arpeggio-chord-%'`)
  database.close()
  const { again, began, bodies } = runsOf(name)
  // Of two processes, one may look, the other store, and only then the first begin.
  if (isAlone) assert.equal(again, 0)
  const counts = `${began} runs of ${files} parts, ${bodies} of the body, ${again} after the result was seen stored`
  console.log(`${name}: ${counts}; each result written once; ${left} keys of the chord left, all with an expiry`)
}

function runsOf(name: string): { readonly again: number; readonly began: number; readonly bodies: number } {
  const saved = new Set<string>()
  const runs = { again: 0, began: 0, bodies: 0 }
  for (const line of readFileSync(join(home, `${name}.log`), 'utf8').split('\n')) {
    const [event, id = ''] = line.split(' ')
    if (event === 'began') runs[id === bodyId ? 'bodies' : 'began'] += 1
    if (event === 'began' && saved.has(id)) runs.again += 1
    if (event === 'saved') saved.add(id)
  }
  return runs
}

await prepare('undisturbed')
const undisturbed = await run('undisturbed')
const bodyId = /began (?<id>\S+)\n(?:saved \S+\n)*$/.exec(tailOf(join(home, 'undisturbed.log')))?.groups?.['id'] ?? ''
const unchanged = await run('undisturbed')
console.log(
  `${undisturbed.total}\n${undisturbed.seconds.toFixed(1)} s, then unchanged ${unchanged.seconds.toFixed(1)} s`,
)
check('undisturbed', [undisturbed, unchanged])

let killed = 0
for (let round = 1; killed < kills; round += 1) {
  const name = `killed-${round}`
  await prepare(name)
  const killers = [
    () => afterLines(Math.ceil((Math.random() * 2 * LINES) / kills)),
    () => afterLines(Math.ceil((Math.random() * 4 * LINES) / kills)),
    () => afterMs(Math.random() * 3000),
  ]
  const from = killed
  for (let turn = 0; killed < kills; turn += 1) {
    const { isKilled } = await run(name, killers[turn % killers.length]?.())
    if (!isKilled) break
    killed += 1
  }
  let inBodies = 0
  while (inBodies < 3 && (await run(name, inBody(bodyId, Math.random() * 300))).isKilled) inBodies += 1
  const last = await run(name)
  const kinds = `${killed - from} times at random, ${inBodies} times once the body had begun`
  console.log(`${name}: killed ${kinds}; the last run took ${last.seconds.toFixed(1)} s`)
  check(name, [last])
}

await prepare('pair')
const pair = await Promise.all([run('pair'), run('pair')])
console.log(`two at once: ${pair.map(({ seconds }) => `${seconds.toFixed(1)} s`).join(' and ')}`)
check('pair', pair, false)

await prepare('survivor')
const [survivor] = await Promise.all([run('survivor'), run('survivor', afterMs(undisturbed.seconds * 500))])
check('survivor', [survivor], false)
rmSync(home, { recursive: true })
