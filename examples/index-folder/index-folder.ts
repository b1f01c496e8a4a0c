import { type AsyncResult, chord, READY_STATES, type Results, type Signature, type Task } from '@arpeggio/core'
import type { FolderIndex } from './folder-index.ts'
import type { FileFacts } from './index-file.ts'
import type { Parts } from './merge-index.ts'
import { showProgress } from './progress.ts'
import { onStored } from './stored-results.ts'
import { type Entry, uuidOf } from './walk.ts'

export interface Work {
  readonly root: string
  readonly entries: readonly Entry[]
  readonly indexFile: Task<[path: string], FileFacts>
  readonly mergeIndex: Task<[parts: Parts, root: string], FolderIndex>
  readonly results: Results
  /** Aborted: nothing more is begun. */
  readonly signal: AbortSignal
  /** How many files this process has read. */
  readonly readHere: () => number
}

// As many as are read at a time, so that memory does not grow with the folder.
const BATCH = 1000

/** Starts the folder's chord, or goes on with it, or finds it done: which of these it is, the store knows. */
export async function indexFolder(work: Work): Promise<FolderIndex> {
  const { entries, mergeIndex, results, root, signal } = work
  // The same entries are the same chord, in whatever process and however often it is started.
  const id = uuidOf([root, ...entries.map((entry) => entry.id)])
  const bodyId = uuidOf([id, 'body'])
  const known: AsyncResult<FolderIndex> = results.result(bodyId)
  if (await known.ready()) {
    console.log(`${entries.length} files, none of them changed since they were indexed`)
    return await known.get()
  }
  const body = mergeIndex.s(root).set({ taskId: bodyId })
  const parts = chord(partsOf(work), body, { id, policy: 'collect', results: 'reference' })
  const missing = await missingOf(work)
  const index = await showing(entries.length, missing, async () => {
    const result = await results.apply(parts)
    return await result.get({ signal })
  })
  const elsewhere = missing.size - work.readHere()
  if (elsewhere > 0) console.log(`Another process was faster with ${elsewhere} files`)
  return index
}

/** One part per file. A generator, so that the first files are read while the last ones are still announced. */
function* partsOf({ entries, indexFile, signal }: Work): Generator<Signature<FileFacts>> {
  for (const { id, path } of entries) {
    signal.throwIfAborted()
    yield indexFile.s(path).set({ taskId: id })
  }
}

/** Shows how many results are stored while something happens. */
async function showing<Answer>(
  total: number,
  missing: ReadonlySet<string>,
  happen: () => Promise<Answer>,
): Promise<Answer> {
  let done = total - missing.size
  const progress = showProgress(total, done)
  const unsubscribe = onStored((id) => missing.has(id) && progress.update((done += 1)))
  try {
    const answer = await happen()
    // Another process may have stored some.
    progress.update(total)
    return answer
  } finally {
    unsubscribe()
    progress.stop()
  }
}

async function missingOf({ entries, results }: Work): Promise<ReadonlySet<string>> {
  const missing = new Set<string>()
  for (let at = 0; at < entries.length; at += BATCH) {
    const metas = await results.getMany(entries.slice(at, at + BATCH).map(({ id }) => id))
    for (const { status, taskId } of metas) if (!READY_STATES.has(status)) missing.add(taskId)
  }
  return missing
}
