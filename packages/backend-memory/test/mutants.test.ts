import assert from 'node:assert/strict'
import { type Case, cases, type Harness, register, runCase } from '@arpeggio/conformance'
import { wrap } from '@arpeggio/core'
import { describe, it } from 'vitest'
import { abilityMutants } from './ability-mutants.ts'
import { lifeCycleMutants } from './life-cycle-mutants.ts'
import { memoryHarness } from './memory-harness.ts'
import { mutants } from './mutants.ts'
import { notificationMutants } from './notification-mutants.ts'

const all = [...mutants, ...lifeCycleMutants, ...abilityMutants, ...notificationMutants]
const impatient = (harness: Harness): Harness => ({ ...harness, patienceMs: 100 })

describe('a backend that breaks one rule', () => {
  for (const { name, caughtBy, change } of all) {
    it(`is caught: ${name}`, async () => {
      const harness = impatient(memoryHarness(change))
      const passed = await passing(
        harness,
        caughtBy.map((wanted) => {
          const found = cases.find((member) => member.name === wanted)
          assert.ok(found, `a case of the name ${wanted}`)
          return found
        }),
      )
      assert.deepEqual(passed, [], 'every case of the rule fails')
    })
  }

  it('breaks a rule of every kind: each demand of the contract has a mutant', () => {
    const caught = new Set(all.flatMap((mutant) => mutant.caughtBy))
    const proven = new Set(cases.filter(({ name }) => caught.has(name)).flatMap((member) => member.musts))
    const demanded = new Set(cases.flatMap((member) => member.musts))
    assert.deepEqual(
      [...demanded].filter((must) => !proven.has(must)),
      [],
    )
  })
})

// Methods must not depend on how they are called, and the harness of the mutants must not be what fails.
register(
  { ...memoryHarness((backend) => wrap(backend, {})), name: 'memory in a wrapper that changes nothing' },
  { describe, it },
)

/** The names of the cases that pass. */
async function passing(harness: Harness, selection: readonly Case[]): Promise<readonly string[]> {
  const outcomes = await Promise.allSettled(selection.map((member) => runCase(harness, member)))
  return selection.filter((_, index) => outcomes[index]?.status === 'fulfilled').map(({ name }) => name)
}
