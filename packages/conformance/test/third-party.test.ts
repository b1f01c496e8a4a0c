import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'vitest'
import { type Harness, register } from '../src/index.ts'
import { MapBackend } from './third-party-backend.ts'

const harness: Harness = {
  name: 'the backend of the guide',
  lacks: {
    presence: 'a map has the values beside the keys',
    bulk: 'there is no trip to save',
    guard: 'core decides',
    notifications: 'a map pushes nothing',
    revision: 'core reads',
    chords: 'core counts',
    scan: 'nobody lists a map',
    cleanup: 'what has expired stays until it is written over',
    clock: 'the process has one',
    check: 'nothing can be missing',
  },
  open: async () => new MapBackend(),
}

register(harness, { describe, it: it.concurrent }) // the cases do not know of each other, and expiries take real time

describe('the backend of the guide', () => {
  it('stands in docs/writing-a-backend.md as it runs here', async () => {
    const [source, guide] = await Promise.all(
      ['third-party-backend.ts', '../../../docs/writing-a-backend.md'].map((path) =>
        readFile(new URL(path, import.meta.url), 'utf8'),
      ),
    )
    assert.ok(source && guide?.includes(source), 'the same text')
  })
})
