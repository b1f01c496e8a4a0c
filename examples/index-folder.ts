// Indexes a folder: a task per file, results in an embedded file, joined into a table. Kill it at any moment and start it
// again: it runs only the tasks that have no stored result.
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { memoryAdapter } from '@arpeggio/backend-memory'
import { sqliteAdapter } from '@arpeggio/backend-sqlite'
import { BackendError, LocalQueue, Results } from '@arpeggio/core'
import { indexFileTask } from './index-folder/index-file.ts'
import { indexFiles } from './index-folder/index-files.ts'
import { readOptions } from './index-folder/options.ts'
import { RunLog } from './index-folder/run-log.ts'
import { Summary } from './index-folder/summary.ts'
import { walk, type FoundFile } from './index-folder/walk.ts'

const options = readOptions(process.argv)
const database = /^sqlite:\/\/(?<path>[^?]+)/.exec(options.backend)?.groups?.['path']
const ownFile = database === undefined ? undefined : resolve(database)
if (ownFile !== undefined) mkdirSync(dirname(ownFile), { recursive: true })

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())

let failure: unknown
const log = new RunLog(options.logRuns)
const indexFile = indexFileTask((id) => log.began(id))
const queue = new LocalQueue([indexFile], {
  concurrency: options.concurrency,
  onError: (error) => {
    failure ??= error
    interrupt.abort()
  },
})

try {
  const results = await Results.open(options.backend, {
    adapters: [memoryAdapter, sqliteAdapter],
    publisher: queue,
    expiresInSeconds: 30 * 86_400,
  })
  const summary = new Summary()
  const files: FoundFile[] = []
  const isOwnData = (path: string): boolean => ownFile !== undefined && path.startsWith(ownFile)
  for await (const entry of walk(options.root, isOwnData)) {
    if ('id' in entry) files.push(entry)
    else summary.fail(entry.name, entry.reason)
  }
  await indexFiles({ files, indexFile, results, summary, signal: interrupt.signal, onSaved: (id) => log.saved(id) })
  await queue.close()
  await results.close()
  if (failure !== undefined) throw failure
  if (interrupt.signal.aborted) {
    console.log('Stopped; what was running is finished and stored. Give the same command again to go on.')
    process.exitCode = 130
  } else console.log(String(summary))
} catch (error) {
  if (!BackendError.is(error)) throw error
  console.error(`error: ${error.message}`)
  process.exitCode = 1
}
