import { decodeJson } from '@arpeggio/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entryOf, memberOf, nameOf } from '../src/chords/member.ts'

const ids = fc.oneof(fc.uuid(), fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }))
const values = fc.oneof(fc.jsonValue(), fc.bigInt(), fc.constantFrom('", "SUCCESS", 1]', '[1, "a", "SUCCESS", 1]'))

describe('a member of the parts of a chord', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(ids, fc.constantFrom('SUCCESS', 'FAILURE'), values, fc.boolean(), (taskId, state, value, exact) => {
        const entry = { taskId, state, value }
        const member = memberOf(nameOf(taskId), entry, exact)
        const [, id, status, read] = decodeJson(member) as readonly unknown[] // a list, as it was written
        expect(entryOf(member)).toEqual({ taskId: id, state: status, value: read })
        expect(id).toBe(taskId)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    '[1, "a\nb", "SUCCESS", 1]',
    '[1, "a", "SUCCESS", 1',
    '[1, "a", "SUCCESS", 1]]',
    '[1, "a\n", "SUCCESS", 1]x',
    '[1, "a", "SUCCESS", ]',
  ])('that is none cannot be read: %s', (member) => {
    expect(() => entryOf(member)).toThrow(expect.objectContaining({ code: 'unreadable' }) as Error)
  })

  it('may have another number in front, and more behind', () => {
    expect(entryOf('[1.7, "a", "SUCCESS", 2]')).toEqual({ taskId: 'a', state: 'SUCCESS', value: 2 })
    expect(entryOf('[1, "a", "SUCCESS", 2, 3]')).toEqual({ taskId: 'a', state: 'SUCCESS', value: 2 })
    expect(entryOf('[1, "\\u0061\\"", "SUCCESS", 2]')).toEqual({ taskId: 'a"', state: 'SUCCESS', value: 2 })
  })
})
