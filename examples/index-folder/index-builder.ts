import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import type { FileFacts } from './index-file.ts'
import type { Excerpt, FolderIndex, Totals, TypeTotals } from './folder-index.ts'

const LISTED_TYPES = 20
const LISTED_ENTRIES = 10
const LISTED_NAMES = 4

/** Adds up files. The order in which they are added does not show. */
export class IndexBuilder {
  readonly #types = new Map<string, TypeTotals>()
  readonly #bySha256 = new Map<string, string[]>()
  readonly #failed: string[] = []

  add(name: string, { size, lines, sha256 }: FileFacts): void {
    const type = extname(name).toLowerCase() || '(none)'
    const { files, ...before } = this.#types.get(type) ?? NOTHING
    this.#types.set(type, { type, files: files + 1, lines: before.lines + lines, bytes: before.bytes + size })
    const same = this.#bySha256.get(sha256)
    if (same === undefined) this.#bySha256.set(sha256, [name])
    else same.push(name)
  }

  fail(name: string, reason: string): void {
    this.#failed.push(`${name}: ${reason}`)
  }

  build(): FolderIndex {
    const types = [...this.#types.values()].toSorted(byBytes)
    const others = types.slice(LISTED_TYPES)
    return {
      types: types.slice(0, LISTED_TYPES),
      others: { types: others.length, ...sumOf(others) },
      totals: sumOf(types),
      duplicates: this.#duplicates(),
      failed: excerptOf(this.#failed.toSorted()),
      digest: this.#digest(),
    }
  }

  #duplicates(): FolderIndex['duplicates'] {
    const several = [...this.#bySha256.values()].filter((names) => names.length > 1)
    const sorted = several
      .map((names) => names.toSorted())
      .toSorted((a, b) => b.length - a.length || compare(a[0], b[0]))
    const copies = several.reduce((sum, names) => sum + names.length - 1, 0)
    return { copies, ...excerptOf(sorted.map(clipped)) }
  }

  #digest(): string {
    const lines = [...this.#bySha256].flatMap(([sha256, names]) => names.map((name) => `${sha256} ${name}\n`))
    return createHash('sha256').update(lines.toSorted().join('')).digest('hex').slice(0, 16)
  }
}

const NOTHING: Totals = { files: 0, lines: 0, bytes: 0 }

function sumOf(all: readonly Totals[]): Totals {
  return all.reduce(
    (sum, { files, lines, bytes }) => ({
      files: sum.files + files,
      lines: sum.lines + lines,
      bytes: sum.bytes + bytes,
    }),
    NOTHING,
  )
}

function byBytes(a: TypeTotals, b: TypeTotals): number {
  return b.bytes - a.bytes || compare(a.type, b.type)
}

function excerptOf(list: readonly string[]): Excerpt {
  return { count: list.length, first: list.slice(0, LISTED_ENTRIES) }
}

function clipped(names: readonly string[]): string {
  const more = names.length - LISTED_NAMES
  return names.slice(0, LISTED_NAMES).join(' = ') + (more > 0 ? ` and ${more} more` : '')
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : 1
}
