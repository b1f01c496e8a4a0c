import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gaps, quirkPage } from './quirk-table.ts'

// Writes docs/quirks.md with --update; without it says what is missing.
if (process.argv.includes('--update')) {
  writeFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'quirks.md'), quirkPage())
}
for (const gap of gaps()) console.log(gap)
