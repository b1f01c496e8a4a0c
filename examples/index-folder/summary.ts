import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import Table from 'cli-table3'
import type { FileFacts } from './index-file.ts'

const SHOWN_TYPES = 20
const SHOWN_ENTRIES = 10

interface TypeTotals {
  files: number
  bytes: number
  lines: number
}

/** Joins what the tasks found out. The order in which files are added does not show. */
export class Summary {
  readonly #types = new Map<string, TypeTotals>()
  readonly #bySha256 = new Map<string, string[]>()
  readonly #failed = new Map<string, string>()
  readonly #totals: TypeTotals = { files: 0, bytes: 0, lines: 0 }

  add(name: string, { size, lines, sha256 }: FileFacts): void {
    const type = extname(name).toLowerCase() || '(none)'
    const totals = this.#types.get(type) ?? { files: 0, bytes: 0, lines: 0 }
    this.#types.set(type, totals)
    for (const count of [totals, this.#totals]) {
      count.files += 1
      count.bytes += size
      count.lines += lines
    }
    const same = this.#bySha256.get(sha256)
    if (same === undefined) this.#bySha256.set(sha256, [name])
    else same.push(name)
  }

  fail(name: string, reason: string): void {
    this.#failed.set(name, reason)
  }

  /** The table, the lists and, last, one line that is the same for the same files. */
  toString(): string {
    return [this.#table(), ...this.#duplicateLines(), ...this.#failedLines(), this.#totalLine()].join('\n')
  }

  #table(): string {
    const table = new Table({
      head: ['type', 'files', 'lines', 'bytes'],
      colAligns: ['left', 'right', 'right', 'right'],
      style: { head: [], border: [], compact: true },
    })
    const types = [...this.#types].toSorted(([a, x], [b, y]) => y.bytes - x.bytes || (a < b ? -1 : 1))
    for (const [type, { files, lines, bytes }] of types.slice(0, SHOWN_TYPES)) table.push([type, files, lines, bytes])
    const others = types.slice(SHOWN_TYPES).map(([, totals]) => totals)
    if (others.length > 0) table.push([`${others.length} other types`, ...sumOf(others)])
    if (this.#failed.size > 0) table.push(['(failed)', this.#failed.size, '', ''])
    return table.toString()
  }

  #duplicates(): readonly (readonly string[])[] {
    const several = [...this.#bySha256.values()].filter((names) => names.length > 1)
    return several.map((names) => names.toSorted()).toSorted((a, b) => b.length - a.length || compare(a[0], b[0]))
  }

  #duplicateLines(): readonly string[] {
    const groups = this.#duplicates()
    return list('Duplicate files', groups.map(clipped))
  }

  #failedLines(): readonly string[] {
    const failed = [...this.#failed].toSorted(([a], [b]) => compare(a, b))
    return list(
      'Failed',
      failed.map(([name, reason]) => `${name}: ${reason}`),
    )
  }

  #totalLine(): string {
    const { files, bytes, lines } = this.#totals
    const copies = this.#duplicates().reduce((sum, names) => sum + names.length - 1, 0)
    return `Total: ${files} files, ${lines} lines, ${bytes} bytes, ${copies} copies, ${this.#failed.size} failed, digest ${this.#digest()}`
  }

  #digest(): string {
    const lines = [...this.#bySha256].flatMap(([sha256, names]) => names.map((name) => `${sha256} ${name}\n`))
    return createHash('sha256').update(lines.toSorted().join('')).digest('hex').slice(0, 16)
  }
}

function sumOf(all: readonly TypeTotals[]): readonly number[] {
  return (['files', 'lines', 'bytes'] as const).map((field) => all.reduce((sum, totals) => sum + totals[field], 0))
}

function clipped(names: readonly string[]): string {
  const more = names.length - 4
  return names.slice(0, 4).join(' = ') + (more > 0 ? ` and ${more} more` : '')
}

function list(title: string, entries: readonly string[]): readonly string[] {
  if (entries.length === 0) return []
  const more = entries.length - SHOWN_ENTRIES
  const shown = entries.slice(0, SHOWN_ENTRIES).map((entry) => `  ${entry}`)
  return [`${title}:`, ...shown, ...(more > 0 ? [`  and ${more} more`] : [])]
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : 1
}
