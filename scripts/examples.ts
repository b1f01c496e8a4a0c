// Runs every example that has its output beside it (`examples/<name>.out`), from source, and compares.
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.ts'
import { ROOT } from './workspace.ts'

const folder = mkdtempSync(join(tmpdir(), 'examples-'))
let failed = 0
for (const expected of globSync(join(ROOT, 'examples/*.out'))) {
  const example = expected.replace(/\.out$/u, '.ts')
  const args = ['--disable-warning=ExperimentalWarning', '--conditions=@arpeggio/source', example]
  const printed = run(process.execPath, args, { cwd: folder })
  const same = printed === readFileSync(expected, 'utf8')
  if (!same) failed += 1
  console.log(same ? `ok      ${example}` : `differs ${example}, it printed:\n${printed}`)
}
rmSync(folder, { recursive: true, force: true })
if (failed > 0) process.exit(1)
