import { describe, expect, it } from 'vitest'
import { comparePrecedence, keptStates, mayReplace } from '../../src/wire/states.ts'

const STATES = ['PENDING', 'STARTED', 'RETRY', 'PROGRESS', 'FAILURE', 'REVOKED', 'SUCCESS']

describe('mayReplace', () => {
  // Rows: what is stored. Columns: STARTED, PROGRESS, RETRY, FAILURE, REVOKED, SUCCESS.
  it.each([
    [undefined, 'yes yes yes yes yes yes'],
    ['PENDING', 'yes yes yes yes yes yes'],
    ['STARTED', 'yes yes yes yes yes yes'],
    ['PROGRESS', 'yes yes yes yes yes yes'],
    ['FAILURE', 'no no no no no yes'],
    ['REVOKED', 'no no no yes no yes'],
    ['SUCCESS', 'no no no no no no'],
  ])('lets over %s only what the strict rule allows', (stored, expected) => {
    const columns = ['STARTED', 'PROGRESS', 'RETRY', 'FAILURE', 'REVOKED', 'SUCCESS']
    const answers = columns.map((next) => (mayReplace(stored, next, 'strict') ? 'yes' : 'no'))
    expect(answers.join(' ')).toBe(expected)
  })

  it("keeps SUCCESS alone by Celery's rule", () => {
    for (const stored of STATES) {
      for (const next of STATES) expect(mayReplace(stored, next, 'celery')).toBe(stored !== 'SUCCESS')
    }
  })

  it('agrees with the list of kept states', () => {
    for (const next of STATES) {
      const kept = STATES.filter((stored) => !mayReplace(stored, next, 'strict'))
      expect(new Set(kept)).toEqual(new Set(keptStates(next, 'strict')))
    }
  })
})

describe('comparePrecedence', () => {
  it("sorts as Celery's list does, with custom states below FAILURE", () => {
    const sorted = ['PENDING', 'CUSTOM', 'SUCCESS', 'REVOKED', 'RETRY', 'FAILURE', 'STARTED'].toSorted(
      (a, b) => -comparePrecedence(a, b),
    )
    expect(sorted).toEqual(['SUCCESS', 'FAILURE', 'CUSTOM', 'REVOKED', 'STARTED', 'RETRY', 'PENDING'])
  })
})
