import { type ChordResults, type Settled, task, type Task } from '@arpeggio/core'
import { relative } from 'node:path'
import type { FileFacts } from './index-file.ts'
import { IndexBuilder } from './index-builder.ts'
import type { FolderIndex } from './folder-index.ts'

export type Parts = ChordResults<Settled<FileFacts>>

/** The chord's body: joins what the parts found out, one after the other as they come from the store. */
export function mergeIndexTask(onStart: (id: string) => void): Task<[parts: Parts, root: string], FolderIndex> {
  return task(
    'merge-index',
    async ({ request }, parts: Parts, root: string) => {
      onStart(request.id)
      const builder = new IndexBuilder()
      for await (const part of parts) addTo(builder, root, part)
      return builder.build()
    },
    { bind: true },
  )
}

function addTo(builder: IndexBuilder, root: string, part: Settled<FileFacts>): void {
  if (part.status === 'SUCCESS') builder.add(nameOf(root, part.result.path), part.result)
  else if (part.status === 'PENDING') builder.fail(part.taskId, 'it was not read in time')
  else {
    const [reason, path] = part.error.exc_message
    builder.fail(typeof path === 'string' ? nameOf(root, path) : part.taskId, String(reason))
  }
}

function nameOf(root: string, path: string): string {
  return relative(root, path) || '.'
}
