import Table from 'cli-table3'
import type { Excerpt, FolderIndex } from './folder-index.ts'

/** The table, the lists and, last, one line that is the same for the same files. */
export function showIndex(index: FolderIndex): string {
  const { duplicates, failed } = index
  const lists = [...linesOf('Duplicate files', duplicates), ...linesOf('Failed', failed)]
  return [tableOf(index), ...lists, totalOf(index)].join('\n')
}

function tableOf({ types, others, failed }: FolderIndex): string {
  const table = new Table({
    head: ['type', 'files', 'lines', 'bytes'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  for (const { type, files, lines, bytes } of types) table.push([type, files, lines, bytes])
  if (others.types > 0) table.push([`${others.types} other types`, others.files, others.lines, others.bytes])
  if (failed.count > 0) table.push(['(failed)', failed.count, '', ''])
  return table.toString()
}

function linesOf(title: string, { count, first }: Excerpt): readonly string[] {
  if (count === 0) return []
  const more = count - first.length
  return [`${title}:`, ...first.map((entry) => `  ${entry}`), ...(more > 0 ? [`  and ${more} more`] : [])]
}

function totalOf({ totals: { files, lines, bytes }, duplicates, failed, digest }: FolderIndex): string {
  return `Total: ${files} files, ${lines} lines, ${bytes} bytes, ${duplicates.copies} copies, ${failed.count} failed, digest ${digest}`
}
