import { group, READY_STATES, type Results, type Task, type TaskMeta } from '@arpeggio/core'
import { isFileFacts, type FileFacts } from './index-file.ts'
import { showProgress } from './progress.ts'
import type { Summary } from './summary.ts'
import { reasonOf, type FoundFile } from './walk.ts'

export interface Work {
  readonly files: readonly FoundFile[]
  readonly indexFile: Task<[path: string], FileFacts>
  readonly results: Results
  readonly summary: Summary
  /** Aborted: nothing more is begun. */
  readonly signal: AbortSignal
  readonly onSaved: (id: string) => void
}

// As many as are read, queued and awaited at a time, so that memory does not grow with the folder.
const BATCH = 1000

/** Adds what is stored already to the summary, then runs a task for each of the others. */
export async function indexFiles(work: Work): Promise<void> {
  const missing: FoundFile[] = []
  for (const batch of batchesOf(work.files)) {
    const metas = await work.results.getMany(batch.map(({ id }) => id))
    for (const [at, file] of batch.entries()) {
      const meta = metas[at]
      if (meta !== undefined && READY_STATES.has(meta.status)) record(work.summary, file, meta)
      else missing.push(file)
    }
  }
  let done = work.files.length - missing.length
  const progress = showProgress(work.files.length, done)
  const onDone = (): void => progress.update((done += 1))
  try {
    for (const batch of batchesOf(missing)) await runBatch(work, batch, onDone)
  } catch (error) {
    if (!work.signal.aborted) throw error
  } finally {
    progress.stop()
  }
}

async function runBatch(work: Work, batch: readonly FoundFile[], onDone: () => void): Promise<void> {
  work.signal.throwIfAborted()
  const { indexFile, results, signal, summary } = work
  const byId = new Map(batch.map((file) => [file.id, file]))
  const running = await results.apply(group(batch.map(({ id, path }) => indexFile.s(path).set({ taskId: id }))))
  for await (const meta of running.asCompleted({ signal })) {
    work.onSaved(meta.taskId)
    const file = byId.get(meta.taskId)
    if (file !== undefined) record(summary, file, meta)
    onDone()
  }
}

function record(summary: Summary, { name }: FoundFile, { result }: TaskMeta): void {
  if (isFileFacts(result)) summary.add(name, result)
  else summary.fail(name, reasonOf(result))
}

function* batchesOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += BATCH) yield items.slice(at, at + BATCH)
}
