// Keeps the code in documents equal to the examples it was taken from, and links pointing at files that exist.
//   <!-- examples/quick-start.ts#quick-start -->   names the file and the region; the code block after it is the excerpt.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { run } from './run.ts'
import { ROOT } from './workspace.ts'

const BLOCK = /<!-- (?<file>[\w./-]+)#(?<region>[\w-]+) -->\n```ts\n(?<code>[\s\S]*?)```/gu
const LINK = /\]\((?<target>[^)#\s]+)(?:#[^)\s]*)?\)/gu

const { values } = parseArgs({ options: { check: { type: 'boolean' }, update: { type: 'boolean' } } })
const problems = documents().flatMap((path) => staleBlocks(path).concat(deadLinks(path)))
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log('The documents agree with the examples.')

function documents(): readonly string[] {
  const listed = run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { cwd: ROOT })
  return listed.split('\n').filter((path) => path !== '' && existsSync(join(ROOT, path)))
}

function staleBlocks(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const fresh = text.replaceAll(BLOCK, (_block, file: string, region: string) => {
    return `<!-- ${file}#${region} -->\n\`\`\`ts\n${excerpt(file, region)}\`\`\``
  })
  if (fresh === text) return []
  if (values.update === true) {
    writeFileSync(join(ROOT, path), fresh)
    return []
  }
  return [`${path}: an excerpt is stale; \`pnpm readme --update\` copies it again`]
}

function excerpt(file: string, region: string): string {
  const source = readFileSync(join(ROOT, file), 'utf8')
  const begin = `// #region ${region}\n`
  const from = source.indexOf(begin)
  const to = source.indexOf(`// #endregion ${region}\n`)
  if (from === -1 || to === -1) throw new Error(`${file} has no region "${region}"`)
  return source.slice(from + begin.length, to)
}

function deadLinks(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), 'utf8')
  return [...text.matchAll(LINK)]
    .map((match) => match.groups?.['target'] ?? '')
    .filter((target) => !/^[a-z]+:/u.test(target) && !existsSync(join(ROOT, dirname(path), target)))
    .map((target) => `${path}: nothing is at ${target}`)
}
