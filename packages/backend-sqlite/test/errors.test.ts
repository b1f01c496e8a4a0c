import { BackendError } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { commitFailed, endsTransaction, isBusy, toBackendError } from '../src/errors.ts'

function sqliteError(errcode: number): Error {
  return Object.assign(new Error('something'), { code: 'ERR_SQLITE_ERROR', errcode })
}

describe('errors of SQLite', () => {
  it.each([
    ['SQLITE_BUSY', 5, 'unavailable'],
    ['SQLITE_BUSY_SNAPSHOT', 517, 'unavailable'],
    ['SQLITE_PROTOCOL', 15, 'unavailable'],
    ['SQLITE_FULL', 13, 'unavailable'],
    ['SQLITE_IOERR_WRITE', 778, 'unavailable'],
    ['SQLITE_CORRUPT', 11, 'unreadable'],
    ['SQLITE_READONLY', 8, 'misconfigured'],
    ['SQLITE_CANTOPEN', 14, 'misconfigured'],
    ['SQLITE_NOTADB', 26, 'misconfigured'],
    ['SQLITE_TOOBIG', 18, 'too-large'],
  ])('says %s in the words of the contract', (_name, errcode, code) => {
    const cause = sqliteError(errcode)
    expect(toBackendError(cause)).toMatchObject({ code, cause })
  })

  it('leaves what no code fits as it is', () => {
    const [constraint, programming] = [sqliteError(19), new TypeError('x')]
    expect(toBackendError(constraint)).toBe(constraint)
    expect(toBackendError(programming)).toBe(programming)
  })

  it('does not promise that a failed commit was not applied', () => {
    expect(BackendError.is(commitFailed(sqliteError(778)), 'uncertain')).toBe(true)
  })

  it('tries again only where somebody else is in the way', () => {
    expect([5, 261, 6, 15, 10, 13, 14].filter((code) => isBusy(sqliteError(code)))).toEqual([5, 261, 6, 15])
  })

  it('gives up the whole transaction only where SQLite may have', () => {
    expect([18, 19, 10, 13].filter((code) => endsTransaction(sqliteError(code)))).toEqual([10, 13])
  })
})
