import { createHash } from 'node:crypto'
import { lstat, opendir } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'

export interface FoundFile {
  readonly path: string
  /** From the root, for people and for comparing two trees. */
  readonly name: string
  /** The task's id: a file that was changed is another task. */
  readonly id: string
}

export interface UnreadableEntry {
  readonly name: string
  readonly reason: string
}

const SKIPPED = new Set(['.git', 'node_modules', '.arpeggio'])

/** Every ordinary file below `root`, in a stable order; symbolic links are not followed. */
export async function* walk(
  root: string,
  isOwnData: (path: string) => boolean,
): AsyncGenerator<FoundFile | UnreadableEntry> {
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const { files, inner, reason } = await entriesOf(folder)
    if (reason !== undefined) yield { name: relative(root, folder) || '.', reason }
    folders.push(...inner.filter((path) => !SKIPPED.has(basename(path))).toReversed())
    for (const path of files.filter((path) => !isOwnData(path))) yield await describe(root, path)
  }
}

interface Entries {
  readonly files: readonly string[]
  readonly inner: readonly string[]
  readonly reason?: string
}

async function entriesOf(folder: string): Promise<Entries> {
  const files: string[] = []
  const inner: string[] = []
  try {
    for await (const entry of await opendir(folder)) {
      if (entry.isDirectory()) inner.push(join(folder, entry.name))
      if (entry.isFile()) files.push(join(folder, entry.name))
    }
  } catch (error) {
    return { files: files.toSorted(), inner: inner.toSorted(), reason: reasonOf(error) }
  }
  return { files: files.toSorted(), inner: inner.toSorted() }
}

async function describe(root: string, path: string): Promise<FoundFile | UnreadableEntry> {
  const name = relative(root, path)
  try {
    const { size, mtimeNs } = await lstat(path, { bigint: true })
    return { path, name, id: uuidOf(`${path}\0${size}\0${mtimeNs}`) }
  } catch (error) {
    return { name, reason: reasonOf(error) }
  }
}

/** A UUID (version 8: a digest of the application's own) that is the same for the same text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
