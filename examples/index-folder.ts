// Indexes a folder as a chord: a task per file, and one that joins what they found out into a table. Results are kept in
// an embedded file. Kill it at any moment and start it again: it runs only the tasks that have no stored result.
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { memoryAdapter } from '@arpeggio/backend-memory'
import { sqliteAdapter } from '@arpeggio/backend-sqlite'
import { BackendError, LocalQueue, Results } from '@arpeggio/core'
import { indexFileTask } from './index-folder/index-file.ts'
import { indexFolder } from './index-folder/index-folder.ts'
import { mergeIndexTask } from './index-folder/merge-index.ts'
import { readOptions } from './index-folder/options.ts'
import { RunLog } from './index-folder/run-log.ts'
import { showIndex } from './index-folder/show-index.ts'
import { onStored } from './index-folder/stored-results.ts'
import { type Entry, walk } from './index-folder/walk.ts'

const KEPT_SECONDS = 30 * 86_400

const { root, backend, concurrency, logRuns } = readOptions(process.argv)
const database = /^sqlite:\/\/(?<path>[^?]+)/.exec(backend)?.groups?.['path']
const ownFile = database === undefined ? undefined : resolve(database)
if (ownFile !== undefined) mkdirSync(dirname(ownFile), { recursive: true })

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())
const { signal } = interrupt

let failure: unknown
const log = new RunLog(logRuns)
onStored(log.saved)
let readHere = 0
const indexFile = indexFileTask({
  known: (id) => results.result(id),
  onStart: (id) => {
    readHere += 1
    log.began(id)
  },
})
const mergeIndex = mergeIndexTask(log.began)
const queue = new LocalQueue([indexFile, mergeIndex], {
  concurrency,
  onError: (error) => {
    failure ??= error
    interrupt.abort()
  },
})
const results = await Results.open(backend, {
  adapters: [memoryAdapter, sqliteAdapter],
  publisher: queue,
  expiresInSeconds: KEPT_SECONDS,
  // A run that was stopped can go on for as long as its results are kept.
  maxDeadlineSeconds: KEPT_SECONDS,
  // When the result of the chord expires, the folder may be indexed anew: what else is left of the chord has gone before.
  tombstoneSeconds: 7_200,
  // The queue dies with its process, and nobody may want to wait long for a body that was in it. A process that stalls
  // for longer than this lets another one join the same parts once more, and the result that comes first stays.
  chordLeaseSeconds: 3,
})

try {
  const entries: Entry[] = []
  const isOwnData = (path: string): boolean => ownFile !== undefined && path.startsWith(ownFile)
  for await (const entry of walk(root, isOwnData)) entries.push(entry)
  // Brings on what killed runs have left in the middle, also those over other folders.
  await results.chords.sweep()
  const work = { root, entries, indexFile, mergeIndex, results, signal, readHere: () => readHere }
  const index = await indexFolder(work).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  await results.cleanup()
  await results.close()
  if (failure !== undefined) throw failure
  if (index !== undefined) console.log(showIndex(index))
  else {
    console.log('Stopped; what was running is finished and stored. Give the same command again to go on.')
    process.exitCode = 130
  }
} catch (error) {
  if (!BackendError.is(error)) throw error
  console.error(`error: ${error.message}`)
  process.exitCode = 1
}
