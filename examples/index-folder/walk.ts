import { createHash } from 'node:crypto'
import { lstat, opendir } from 'node:fs/promises'
import { basename, join } from 'node:path'

export interface Entry {
  readonly path: string
  /** The task's id: a file that was changed is another task. */
  readonly id: string
}

const SKIPPED = new Set(['.git', 'node_modules', '.arpeggio'])

/**
 * Every ordinary file below `root`, in a stable order; symbolic links are not followed. A folder that cannot be listed
 * is an entry as well, and so fails as a file would.
 */
export async function* walk(root: string, isOwnData: (path: string) => boolean): AsyncGenerator<Entry> {
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const { files, inner, isListed } = await contentsOf(folder)
    if (!isListed) yield await describe(folder)
    folders.push(...inner.filter((path) => !SKIPPED.has(basename(path))).toReversed())
    yield* await Promise.all(files.filter((path) => !isOwnData(path)).map(describe))
  }
}

interface Contents {
  readonly files: readonly string[]
  readonly inner: readonly string[]
  readonly isListed: boolean
}

async function contentsOf(folder: string): Promise<Contents> {
  const files: string[] = []
  const inner: string[] = []
  let isListed = true
  try {
    for await (const entry of await opendir(folder)) {
      if (entry.isDirectory()) inner.push(join(folder, entry.name))
      if (entry.isFile()) files.push(join(folder, entry.name))
    }
  } catch {
    isListed = false // its task will say why
  }
  return { files: files.toSorted(), inner: inner.toSorted(), isListed }
}

async function describe(path: string): Promise<Entry> {
  const state = await lstat(path, { bigint: true }).catch(() => undefined)
  return { path, id: uuidOf([path, String(state?.size), String(state?.mtimeNs)]) }
}

/** A UUID (version 8: a digest of the application's own) that is the same for the same texts. */
export function uuidOf(texts: Iterable<string>): string {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(`${text}\0`)
  const hex = hash.digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
