import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type AsyncResult, task, type Task, TaskError } from '@arpeggio/core'

export interface FileFacts {
  readonly path: string
  readonly size: number
  readonly lines: number
  readonly sha256: string
}

export interface IndexFileHooks {
  /** What is stored under the id of a task. */
  readonly known: (id: string) => AsyncResult<FileFacts>
  readonly onStart: (id: string) => void
}

const NEWLINE = 0x0a

/** The task that runs once for each file. */
export function indexFileTask({ known, onStart }: IndexFileHooks): Task<[path: string], FileFacts> {
  return task(
    'index-file',
    async ({ request: { id } }, path: string) => {
      // Another process that indexes the same folder may have been faster.
      const result = known(id)
      if (await result.ready()) return await result.get()
      onStart(id)
      return await factsOf(path).catch((error: unknown) => {
        throw unreadable(path, error)
      })
    },
    { bind: true },
  )
}

/** Reads in pieces, so that a large file costs no more memory than a small one. */
async function factsOf(path: string): Promise<FileFacts> {
  const hash = createHash('sha256')
  let size = 0
  let lines = 0
  let last = NEWLINE
  for await (const piece of createReadStream(path, { highWaterMark: 16_384 }) as AsyncIterable<Buffer>) {
    hash.update(piece)
    size += piece.length
    for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, at + 1)) lines += 1
    last = piece.at(-1) ?? last
  }
  // A last line counts even when it does not end.
  return { path, size, lines: last === NEWLINE ? lines : lines + 1, sha256: hash.digest('hex') }
}

/** A failure that tells the chord's body which file it was. */
function unreadable(path: string, error: unknown): TaskError {
  const reason = error instanceof Error ? error.message : String(error)
  return new TaskError({ excType: 'OSError', excModule: 'builtins', excArgs: [reason, path] })
}
