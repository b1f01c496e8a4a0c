import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cases } from '../cases.ts'
import type { OpenNode } from '../matrix.ts'
import { openCeleryNode } from './celery-node.ts'
import { openCeleryTs } from './celery-ts.ts'
import { compare, type Verdict } from './comparison.ts'
import { comparisonPage } from './comparison-page.ts'

// Runs the matrix with another client in our place. A process for each: what they throw outside of a call must end no other.
const CLIENTS: Readonly<Record<string, OpenNode>> = { 'celery-node': openCeleryNode, 'celery-ts': openCeleryTs }

const { values, positionals } = parseArgs({ options: { update: { type: 'boolean' } }, allowPositionals: true })
const [name] = positionals
if (name === undefined) compareAll()
else await compareOne(name)

function compareAll(): void {
  const verdicts = Object.fromEntries(Object.keys(CLIENTS).map((name) => [name, verdictsOf(name)]))
  const page = comparisonPage(cases, verdicts)
  if (values.update === true) writeFileSync(join(import.meta.dirname, '..', '..', 'comparison.md'), page)
  console.log(page)
}

function verdictsOf(name: string): readonly Verdict[] {
  const self = [...process.execArgv, import.meta.filename, name]
  const { stdout } = spawnSync(process.execPath, self, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const line = stdout.split('\n').find((line) => line.startsWith('["')) ?? '[]'
  return JSON.parse(line) as readonly Verdict[] // our own words
}

async function compareOne(name: string): Promise<void> {
  const open = CLIENTS[name]
  if (open === undefined) throw new Error(`There is no client ${name}`)
  process.on('uncaughtException', () => undefined)
  process.on('unhandledRejection', () => undefined)
  const verdicts = await compare(cases, open)
  process.stdout.write(`${JSON.stringify(verdicts)}\n`, () => process.exit(0))
}
