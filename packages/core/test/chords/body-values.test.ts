import { describe, expect, it } from 'vitest'
import { bodyValue, shaped } from '../../src/chords/body-values.ts'
import { failed, success } from './units.ts'

describe('what a slot contributes to the body', () => {
  it('is its value where only success counts', () => {
    expect(bodyValue({ policy: 'waitAll' }, success('a', 1), '')).toBe(1)
    expect(bodyValue({ policy: 'failFast' }, { taskId: 'a', state: 'IGNORED', value: null }, '')).toBeNull()
  })

  it('is a settled entry where failures count as well', () => {
    expect(bodyValue({ policy: 'collect' }, success('a', 1), '')).toEqual({ taskId: 'a', status: 'SUCCESS', result: 1 })
    expect(bodyValue({ policy: 'collect' }, failed('a'), '')).toEqual({
      taskId: 'a',
      status: 'FAILURE',
      error: { exc_type: 'ValueError', exc_message: ['boom'], exc_module: 'builtins' },
    })
    expect(bodyValue({ policy: { atLeast: 1 } }, failed('a', 'gone', 'REVOKED'), '')).toMatchObject({
      status: 'REVOKED',
    })
    expect(bodyValue({ policy: 'collect' }, { taskId: 'a', state: 'IGNORED' }, '')).toEqual({
      taskId: 'a',
      status: 'SUCCESS',
      result: null,
    })
    expect(bodyValue({ policy: 'collect' }, undefined, 'b')).toEqual({ taskId: 'b', status: 'PENDING' })
  })

  it('takes a failure for one although it is no exception', () => {
    expect(bodyValue({ policy: 'collect' }, { taskId: 'a', state: 'FAILURE', value: 'text' }, '')).toMatchObject({
      error: { exc_message: ['text'] },
    })
  })
})

describe('the shape of a header', () => {
  it('makes a list of what was a group', () => {
    expect(shaped([1, 2, 3, 4], [1, [1, [1]], 1])).toEqual([1, [2, [3]], 4])
    expect(shaped([1], [[], 1, []])).toEqual([[], 1, []])
    expect(shaped([1, 2], undefined)).toEqual([1, 2])
    expect(shaped([1, 2], null)).toEqual([1, 2])
  })

  it('has what was added at its end', () => {
    expect(shaped([1, 2, 3, 4], [[1, 1]])).toEqual([[1, 2], 3, 4])
  })

  it('keeps null and undefined apart from nothing', () => {
    expect(shaped([null, undefined], [1, 1])).toEqual([null, null])
  })
})
