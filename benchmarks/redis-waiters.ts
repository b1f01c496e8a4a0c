import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { RedisBackend } from '@arpeggio/backend-redis'
import { Results } from '@arpeggio/core'
import { ordinaryId } from './ordinary-meta.ts'
import { withRedis } from './with-redis.ts'

/** What many waits cost a process; in megabytes, in milliseconds, per second. */
export interface Crowd {
  readonly residentMb: number
  readonly heapAfterMb: number
  readonly residentOfNextMb: number
  readonly lastStoreToLastWakeMs: number
  readonly commandsPerSecond: number
  readonly connections: number
}

const megabyte = 1e6

/** Waits for that many results that another process stores, twice. To be run with --expose-gc, in a process of its own. */
async function main(url: string, count: number): Promise<Crowd> {
  const results = new Results({ backend: new RedisBackend({ url }) })
  await results.markAsDone('warm-up', null)
  await results.result('warm-up').get()
  const first = await round(results, url, count)
  const next = await round(results, url, count)
  await results.close()
  return { ...first, residentOfNextMb: next.residentMb }
}

async function round(results: Results, url: string, count: number): Promise<Omit<Crowd, 'residentOfNextMb'>> {
  await withRedis(url, (client) => client.flushall())
  const before = await collected()
  const waits = Array.from({ length: count }, (_, index) =>
    results.waitFor(ordinaryId(index), { timeoutMs: 600_000 }).then(() => undefined),
  )
  while (results.waits.subscriptions < count) await sleep(10)
  await sleep(500) // each is read once more when it is subscribed
  const waiting = process.memoryUsage()
  const { commands, connections } = await idle(url)
  const storer = promisify(execFile)(process.execPath, [...process.execArgv, storerPath, url, String(count)])
  await Promise.all(waits)
  const wokenAt = Date.now()
  const storedAt = Number((await storer).stdout)
  const after = await collected()
  return {
    residentMb: (waiting.rss - before.rss) / megabyte,
    heapAfterMb: (after.heapUsed - before.heapUsed) / megabyte,
    lastStoreToLastWakeMs: Math.max(0, wokenAt - storedAt),
    commandsPerSecond: commands,
    connections,
  }
}

const storerPath = fileURLToPath(new URL('redis-storer.ts', import.meta.url))

async function collected(): Promise<NodeJS.MemoryUsage> {
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc?.()
    await sleep(100)
  }
  return process.memoryUsage()
}

/** What the server hears while everybody waits. */
function idle(url: string): Promise<{ readonly commands: number; readonly connections: number }> {
  return withRedis(url, async (client) => {
    const processed = async (): Promise<number> =>
      Number(/^total_commands_processed:(\d+)/mu.exec(await client.info('stats'))?.[1])
    const begin = await processed()
    await sleep(1000)
    const own = 1 // the second question
    return {
      commands: (await processed()) - begin - own,
      connections: String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub'))
        .trim()
        .split('\n').length,
    }
  })
}

const [, , url = '', count = '10000'] = process.argv
console.log(JSON.stringify(await main(url, Number(count))))
