import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { task, type Task } from '@arpeggio/core'

export interface FileFacts {
  readonly size: number
  readonly lines: number
  readonly sha256: string
}

const NEWLINE = 0x0a

/** The task that runs once for each file. It reads in pieces, so that a large file costs no more memory than a small one. */
export function indexFileTask(onStart: (id: string) => void): Task<[path: string], FileFacts> {
  return task(
    'index-file',
    (context, path: string) => {
      onStart(context.request.id)
      return factsOf(path)
    },
    { bind: true },
  )
}

async function factsOf(path: string): Promise<FileFacts> {
  const hash = createHash('sha256')
  let size = 0
  let lines = 0
  let last = NEWLINE
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(piece)
    size += piece.length
    for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, at + 1)) lines += 1
    last = piece.at(-1) ?? last
  }
  // A last line counts even when it does not end.
  return { size, lines: last === NEWLINE ? lines : lines + 1, sha256: hash.digest('hex') }
}

export function isFileFacts(value: unknown): value is FileFacts {
  return (
    typeof value === 'object' &&
    value !== null &&
    'size' in value &&
    typeof value.size === 'number' &&
    'lines' in value &&
    typeof value.lines === 'number' &&
    'sha256' in value &&
    typeof value.sha256 === 'string'
  )
}
