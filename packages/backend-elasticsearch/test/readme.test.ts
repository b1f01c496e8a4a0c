import { readFileSync } from 'node:fs'
import { abilityNames } from '@arpeggio/conformance'
import { expect, it } from 'vitest'
import { ElasticsearchBackend } from '../src/index.ts'

it('can do what the README lists', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const backend = new ElasticsearchBackend({ url: 'elasticsearch://' })
  for (const name of abilityNames) {
    const answer = new RegExp(`^\\| \`${name}\` +\\| (yes|no)`, 'mu').exec(readme)?.[1]
    expect([name, answer]).toEqual([name, name in backend ? 'yes' : 'no'])
  }
})
