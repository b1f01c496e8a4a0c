import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gaps, quirkPage } from '../src/quirks/quirk-table.ts'

describe('the register of quirks', () => {
  it('has a test or a reason for each', () => {
    expect(gaps()).toEqual([])
  })

  it('is what docs/quirks.md holds', () => {
    expect(readFileSync(new URL('../../../docs/quirks.md', import.meta.url), 'utf8')).toBe(quirkPage())
  })
})
