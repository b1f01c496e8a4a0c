import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChordPolicy } from '../../src/index.ts'
import type { Reason } from '../../src/chords/chord-record.ts'
import type { SlotEntry } from '../../src/chords/slot-entry.ts'
import { type Tally, verdict } from '../../src/chords/verdict.ts'
import { failed, record, success } from './units.ts'

type Slots = readonly (SlotEntry | undefined)[]

const a = success('a')
const b = success('b')
const bad = failed('x')
const worse = failed('y', 'worse')

function tally(slots: Slots): Tally {
  const failures = slots.filter((entry) => entry?.state === 'FAILURE')
  const missing = slots.flatMap((entry, slot) => (entry === undefined ? [slot] : []))
  const [lowest] = failures
  return { missing, failed: failures.length, large: false, ...(lowest === undefined ? {} : { lowest }) }
}

function judge(policy: ChordPolicy, why: Reason, slots: Slots): string {
  const decision = verdict(record({ policy, why, size: slots.length, reason: 'enough' }), tally(slots), ['t0', 't1'])
  if (decision.kind === 'body')
    return decision.missing === undefined ? 'body' : `body without ${decision.missing.join()}`
  return String(decision.error.exc_message?.[0])
}

const dependency = "Dependency x raised ValueError('boom')"
const late = 'Chord c was not complete at its deadline, 1 of 2 slots were empty: 1 (task t1)'

describe('the verdict on a chord', () => {
  it.each<[ChordPolicy, Reason, Slots, string]>([
    ['waitAll', 'complete', [a, b], 'body'],
    ['waitAll', 'complete', [], 'body'],
    ['waitAll', 'complete', [a, bad], dependency],
    ['waitAll', 'complete', [bad, worse], dependency],
    ['waitAll', 'deadline', [a, undefined], late],
    ['waitAll', 'deadline', [bad, undefined], late],
    ['failFast', 'complete', [a, b], 'body'],
    ['failFast', 'failed', [bad, undefined], dependency],
    ['failFast', 'failed', [bad, worse], dependency],
    ['failFast', 'deadline', [a, undefined], late],
    ['collect', 'complete', [a, bad], 'body'],
    ['collect', 'complete', [bad, worse], 'body'],
    ['collect', 'deadline', [bad, undefined], 'body without 1'],
    ['collect', 'deadline', [undefined, undefined], 'body without 0,1'],
    [{ atLeast: 1 }, 'complete', [a, bad], 'body'],
    [{ atLeast: 2 }, 'complete', [a, bad], 'Chord c needs 2 parts that succeed, and 1 did'],
    [{ atLeast: 1 }, 'deadline', [a, undefined], 'body without 1'],
    [{ atLeast: 2 }, 'deadline', [a, undefined], 'Chord c needs 2 parts that succeed, and 1 did'],
    [{ atLeast: 0 }, 'complete', [bad, worse], 'body'],
  ])('with %j, %s and %j is: %s', (policy, why, slots, expected) => {
    expect(judge(policy, why, slots)).toBe(expected)
  })

  it.each<ChordPolicy>(['waitAll', 'failFast', 'collect', { atLeast: 0 }])(
    'is an error for a chord that was cancelled or never sealed, with %j',
    (policy) => {
      expect(judge(policy, 'cancelled', [a, b])).toBe('Chord c was cancelled: enough')
      expect(judge(policy, 'never-sealed', [])).toBe(
        'ChordNeverSealed: chord c was not given its size before its deadline',
      )
    },
  )

  it('names the failed part as the cause', () => {
    expect(verdict(record(), tally([a, bad]))).toMatchObject({
      cause: { taskId: 'x', error: { exc_type: 'ValueError' } },
    })
    expect(verdict(record({ policy: { atLeast: 2 } }), tally([a, bad]))).toMatchObject({ cause: { taskId: 'x' } })
  })

  it('names five missing slots and counts the others', () => {
    const missing = Array.from({ length: 8 }, (_, slot) => slot)
    const decision = verdict(record({ size: 9, why: 'deadline' }), { missing, failed: 0, large: false }, ['t0'])
    expect(decision).toMatchObject({
      error: {
        exc_type: 'ChordError',
        exc_message: [
          'Chord c was not complete at its deadline, 8 of 9 slots were empty: ' +
            '0 (task t0), 1 (task unknown), 2 (task unknown), 3 (task unknown), 4 (task unknown) and 3 more',
        ],
      },
    })
  })

  it('never is the body of a strict chord that misses or failed something, whatever comes together', () => {
    const slots = fc.array(fc.constantFrom<SlotEntry | undefined>(a, bad, undefined), { minLength: 1, maxLength: 5 })
    const policies = fc.constantFrom<ChordPolicy>('waitAll', 'failFast')
    fc.assert(
      fc.property(
        policies,
        slots,
        fc.constantFrom<Reason>('complete', 'failed', 'deadline'),
        (policy, entries, why) => {
          const isSound = entries.every((entry) => entry?.state === 'SUCCESS')
          expect(judge(policy, why, entries) === 'body').toBe(isSound)
        },
      ),
    )
  })
})
