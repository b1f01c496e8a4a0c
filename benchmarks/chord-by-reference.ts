import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryBackend } from '@arpeggio/backend-memory'
import { SqliteBackend } from '@arpeggio/backend-sqlite'
import { chord, type ChordResults, Results, type Signature, task, type TaskMessage } from '@arpeggio/core'
import { inParallel } from './in-parallel.ts'
import { ordinaryResult } from './ordinary-meta.ts'

/** Runs a chord that is never in memory as a whole: its header comes piece by piece, its results are read the same way. */
async function main(store: string, parts: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const backend = store === 'sqlite' ? new SqliteBackend({ path: join(folder, 'results.db') }) : new MemoryBackend()
  const bodies: TaskMessage[] = []
  const publish = async (messages: readonly TaskMessage[]): Promise<void> => {
    bodies.push(...messages.filter(({ task: name }) => name === body.name))
    const returned = messages.filter(({ task: name }) => name === part.name)
    await inParallel(returned.length, 64, async (at) => {
      const message = returned[at]
      if (message !== undefined) await results.onChordPartReturn(message, 'SUCCESS', ordinaryResult(at))
    })
  }
  const results = new Results({ backend, publisher: { durable: true, publish }, sweepSeconds: false })
  const begin = performance.now()
  await results.apply(chord(header(parts), body, { results: 'reference' }))
  await runBody(results, bodies[0], parts)
  console.log((performance.now() - begin) / 1_000)
  await results.close()
  rmSync(folder, { recursive: true, force: true })
}

const part = task('part', (index: number) => ordinaryResult(index))
const body = task('body', async (values: ChordResults<unknown>) => values.length)

function* header(parts: number): Generator<Signature> {
  for (let index = 0; index < parts; index += 1) yield part.s(index)
}

async function runBody(results: Results, message: TaskMessage | undefined, parts: number): Promise<void> {
  if (message === undefined) throw new Error('the body was not published')
  const [values] = results.bodyArgs(message) as readonly [ChordResults<unknown>] // the only argument of this body
  let read = 0
  for await (const value of values) read += value === undefined ? 0 : 1
  if (read !== parts) throw new Error(`the body read ${read} results of ${parts}`)
  await results.markAsDone(message.id, read, { request: message })
  await results.messageEnded(message)
}

const [, , store = 'memory', parts = '100000'] = process.argv
await main(store, Number(parts))
