import { type AsyncResult, chord, READY_STATES, type Results, type Signature, type Task } from '@arpeggio/core'
import type { FolderIndex } from './folder-index.ts'
import type { FileFacts } from './index-file.ts'
import type { Parts } from './merge-index.ts'
import { type Progress, showProgress } from './progress.ts'
import { type Entry, uuidOf } from './walk.ts'

export interface Work {
  readonly root: string
  readonly entries: readonly Entry[]
  readonly indexFile: Task<[path: string], FileFacts>
  readonly mergeIndex: Task<[parts: Parts, root: string], FolderIndex>
  readonly results: Results
  /** Aborted: nothing more is begun. */
  readonly signal: AbortSignal
  readonly onSaved: (id: string) => void
}

// As many as are read and awaited at a time, so that memory does not grow with the folder.
const BATCH = 1000

/** Starts the folder's chord, or goes on with it, or finds it done: which of these it is, the store knows. */
export async function indexFolder(work: Work): Promise<FolderIndex> {
  const { entries, mergeIndex, onSaved, results, root, signal } = work
  // The same entries are the same chord, in whatever process and however often it is started.
  const id = uuidOf([root, ...entries.map((entry) => entry.id)])
  const body = mergeIndex.s(root).set({ taskId: uuidOf([id, 'body']) })
  const known: AsyncResult<FolderIndex> = results.result(uuidOf([id, 'body']))
  if (await known.ready()) {
    console.log(`${entries.length} files, none of them changed since they were indexed`)
    return await known.get()
  }
  const following = await follow(work)
  try {
    const index = await results.apply(chord(partsOf(work), body, { id, policy: 'collect', results: 'reference' }))
    const answer = await index.get({ signal })
    onSaved(index.id)
    following.complete()
    return answer
  } finally {
    await following.stop()
  }
}

/** One part per file. A generator, so that the first files are read while the last ones are still announced. */
function* partsOf({ entries, indexFile, signal }: Work): Generator<Signature<FileFacts>> {
  for (const { id, path } of entries) {
    signal.throwIfAborted()
    yield indexFile.s(path).set({ taskId: id })
  }
}

interface Following {
  complete(): void
  stop(): Promise<void>
}

/** Shows how many results are stored, whoever stores them. */
async function follow(work: Work): Promise<Following> {
  const { entries, signal } = work
  const missing = await missingOf(work)
  const progress = showProgress(entries.length, entries.length - missing.length)
  const end = new AbortController()
  // For show: whoever waits for the body hears of what goes wrong.
  const counting = count(work, missing, { progress, signal: AbortSignal.any([signal, end.signal]) }).catch(() => {})
  return {
    complete: () => progress.update(entries.length),
    stop: async () => {
      end.abort()
      await counting
      progress.stop()
    },
  }
}

async function missingOf({ entries, results }: Work): Promise<readonly string[]> {
  const missing: string[] = []
  for (const ids of batchesOf(entries.map(({ id }) => id))) {
    for (const { status, taskId } of await results.getMany(ids)) if (!READY_STATES.has(status)) missing.push(taskId)
  }
  return missing
}

interface Count {
  readonly progress: Progress
  readonly signal: AbortSignal
}

async function count({ entries, onSaved, results }: Work, missing: readonly string[], show: Count): Promise<void> {
  const { progress, signal } = show
  let done = entries.length - missing.length
  for (const ids of batchesOf(missing)) {
    for await (const { taskId } of results.asCompleted(ids, { signal })) {
      onSaved(taskId)
      progress.update((done += 1))
    }
  }
}

function* batchesOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += BATCH) yield items.slice(at, at + BATCH)
}
