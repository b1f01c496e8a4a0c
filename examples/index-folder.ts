// Indexes a folder as a chord: a task per file, and one that joins what they found out into a table. Results are kept in
// an embedded file. Kill it at any moment and start it again: it runs only the tasks that have no stored result.
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { BackendError, LocalQueue, Results } from '@arpeggio/core'
import { adapters } from './index-folder/adapters.ts'
import { indexFileTask } from './index-folder/index-file.ts'
import { indexFolder } from './index-folder/index-folder.ts'
import { mergeIndexTask } from './index-folder/merge-index.ts'
import { type Options, readOptions } from './index-folder/options.ts'
import { RunLog } from './index-folder/run-log.ts'
import { showIndex } from './index-folder/show-index.ts'
import { onStored } from './index-folder/stored-results.ts'
import { type Entry, walk } from './index-folder/walk.ts'

const KEPT_SECONDS = 30 * 86_400

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())

try {
  await main(readOptions(process.argv), interrupt)
} catch (error) {
  if (!BackendError.is(error)) throw error
  console.error(`error: ${error.message}`)
  process.exitCode = 1
}

async function main({ root, backend, concurrency, logRuns }: Options, stop: AbortController): Promise<void> {
  const ownFile = fileOf(backend)
  if (ownFile !== undefined) mkdirSync(dirname(ownFile), { recursive: true })
  const log = new RunLog(logRuns)
  onStored(log.saved)

  let failure: unknown
  let read = 0
  const onStart = (id: string): void => {
    read += 1
    log.began(id)
  }
  const indexFile = indexFileTask({ known: (id) => results.result(id), onStart })
  const mergeIndex = mergeIndexTask(log.began)
  const onError = (error: unknown): void => {
    failure ??= error
    stop.abort()
  }
  const publisher = new LocalQueue([indexFile, mergeIndex], { concurrency, onError })
  const results = await openResults(backend, publisher)

  const entries: Entry[] = []
  const isOwnData = (path: string): boolean => ownFile !== undefined && path.startsWith(ownFile)
  for await (const entry of walk(root, isOwnData)) entries.push(entry)
  const work = { root, entries, indexFile, mergeIndex, results, signal: stop.signal, readHere: () => read }
  const index = await indexFolder(work).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  await results.close()
  if (failure !== undefined) throw failure
  if (index !== undefined) console.log(showIndex(index))
  else {
    console.log('Stopped; what was running is finished and stored. Give the same command again to go on.')
    process.exitCode = 130
  }
}

async function openResults(backend: string, publisher: LocalQueue): Promise<Results> {
  const results = await Results.open(backend, {
    adapters,
    publisher,
    expiresInSeconds: KEPT_SECONDS,
    // A run that was stopped can go on for as long as its results are kept.
    maxDeadlineSeconds: KEPT_SECONDS,
    // What reminds of a chord that is over is its result, and nothing may do so for longer.
    tombstoneSeconds: 7_200,
    // The queue dies with its process, and nobody wants to wait long for a body that was in it. Were a living process
    // to stall for longer, another would join the same parts once more, and the result that comes first would stay.
    chordLeaseSeconds: 3,
  })
  // Brings on what killed runs have left in the middle, also of other folders, and removes what has expired.
  await results.chords.sweep()
  await results.cleanup()
  return results
}

function fileOf(backend: string): string | undefined {
  const path = /^sqlite:\/\/(?<path>[^?]+)/.exec(backend)?.groups?.['path']
  return path === undefined ? undefined : resolve(path)
}
