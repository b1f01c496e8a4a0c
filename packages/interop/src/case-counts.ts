import { cases } from './cases.ts'
import type { Direction, InteropCase } from './interop-case.ts'
import { rows } from './rows.ts'
import type { StoreRow } from './store-row.ts'

const DIRECTIONS: readonly Direction[] = ['Python to TypeScript', 'TypeScript to Python', 'both ways']

/** How many cases run on each store, with one version of Celery, as a Markdown table. */
export function caseCounts(): string {
  const lines = rows.map((row) => {
    const shared = cases.filter((interopCase) => runs(row, interopCase))
    const counts = DIRECTIONS.map((direction) => shared.filter((each) => each.direction === direction).length)
    return `| ${row.name} | ${[...counts, row.chords.filter((interopCase) => runs(row, interopCase)).length].join(' | ')} |`
  })
  return `| store | ${DIRECTIONS.join(' | ')} | mixed chords |\n|---|---|---|---|---|\n${lines.join('\n')}\n`
}

function runs(row: StoreRow, { needs }: InteropCase): boolean {
  return needs.every((need) => row.lacks[need] === undefined)
}
