import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntry, isFailure, shortened } from '../../src/chords/slot-entry.ts'
import { failed, success } from './units.ts'

describe('a marker', () => {
  it('says who filled the slot, how, and with what', () => {
    expect(encodeEntry(success('a', [1]))).toBe('{"t":"a","s":"SUCCESS","v":[1]}')
    expect(encodeEntry({ taskId: 'a', state: 'SUCCESS', value: undefined })).toBe('{"t":"a","s":"SUCCESS","v":null}')
    expect(encodeEntry({ taskId: 'a', state: 'SUCCESS' })).toBe('{"t":"a","s":"SUCCESS"}')
  })

  it('reads back as it was, and tells when its value is elsewhere', () => {
    expect(decodeEntry(encodeEntry(failed('a')))).toEqual(failed('a'))
    expect(decodeEntry(Buffer.from('{"t":"a","s":"SUCCESS"}'))).toEqual({
      taskId: 'a',
      state: 'SUCCESS',
      isLarge: true,
    })
  })

  it('counts a revoked part as failed, and an ignored one not', () => {
    expect(['SUCCESS', 'FAILURE', 'REVOKED', 'IGNORED'].map((state) => isFailure({ taskId: 'a', state }))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})

describe('a failure that is too long for its marker', () => {
  it('is cut, and stays the same failure', () => {
    const cut = shortened(failed('a', 'x'.repeat(10_000)), 400)
    expect(cut).toMatchObject({
      taskId: 'a',
      state: 'FAILURE',
      value: { exc_type: 'ValueError', exc_module: 'builtins' },
    })
    expect(encodeEntry(cut).length).toBeLessThanOrEqual(600)
    expect(JSON.stringify(cut)).toContain('xxx...')
  })

  it('is left alone when it fits', () => {
    const entry = failed('a', 'short')
    expect(shortened(entry, 400)).toBe(entry)
  })

  it('fits whatever it says', () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 120, size: 'max' }), { maxLength: 20 })
    fc.assert(
      fc.property(texts, (exc_message) => {
        const value = { exc_type: 'E', exc_message, exc_module: 'm' }
        const text = encodeEntry(shortened({ taskId: 'a', state: 'FAILURE', value }, 512))
        expect(text.length).toBeLessThanOrEqual(512 + 200)
        expect(decodeEntry(text)).toMatchObject({ taskId: 'a', state: 'FAILURE', value: { exc_type: 'E' } })
      }),
      { numRuns: 25 },
    )
  })
})
