import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { Results } from '@arpeggio/core'
import { SqliteBackend } from '../src/index.ts'

/**
 * What another process does to the file: `write <path> <prefix> <count>`, `report <path> <prefix> <count>` or
 * `hold <path>`. Every message is an acknowledgement.
 */
const [act, path = '', prefix = '', count = '0'] = process.argv.slice(2)

if (act === 'write') await write()
else if (act === 'report') await reportResults()
else hold()

async function write(): Promise<void> {
  const backend = new SqliteBackend({ path })
  let next = 0
  const keepWriting = async (): Promise<void> => {
    while (next < Number(count)) {
      const key = `${prefix}${next++}`
      await backend.set({ key, value: key.repeat(50) })
      process.send?.(key)
    }
  }
  await Promise.all(Array.from({ length: 10 }, keepWriting))
  await backend[Symbol.asyncDispose]()
  process.disconnect()
}

/** Stores the results of tasks, each its own number, once it is told to go. */
async function reportResults(): Promise<void> {
  const results = new Results({ backend: new SqliteBackend({ path }) })
  const go = once(process, 'message')
  process.send?.('ready')
  await go
  await Promise.all(Array.from({ length: Number(count) }, (_, index) => results.markAsDone(`${prefix}${index}`, index)))
  await results.close()
  process.disconnect()
}

/** Holds the write lock until it is told to let go. */
function hold(): void {
  const database = new DatabaseSync(path)
  database.exec('BEGIN IMMEDIATE')
  process.once('message', () => {
    database.exec('COMMIT')
    database.close()
    process.disconnect()
  })
  process.send?.('locked')
}
