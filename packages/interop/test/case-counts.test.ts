import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { caseCounts } from '../src/case-counts.ts'

it('the README tells how many cases there are', () => {
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(caseCounts())
})
