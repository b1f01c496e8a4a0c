import { readFileSync } from 'node:fs'
import { edited, mutants } from '@arpeggio/simulation'
import { describe, expect, it } from 'vitest'

const sources = new URL('../../core/src/', import.meta.url)

describe('planted bugs', () => {
  it.each(mutants)('$name fits the source of core', ({ edits }) => {
    const files = new Map<string, string>()
    for (const edit of edits) {
      const source = files.get(edit.file) ?? readFileSync(new URL(edit.file, sources), 'utf8')
      files.set(edit.file, edited(source, edit))
    }
    expect(files.size).toBeGreaterThan(0)
  })

  it('have names of their own', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
  })
})
