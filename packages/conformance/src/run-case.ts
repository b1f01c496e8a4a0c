import assert from 'node:assert/strict'
import type { Case } from './case.ts'
import { abilityNames, type Harness } from './harness.ts'
import { withTrial } from './trial.ts'

/** Why `testCase` says nothing about the harness's store, or `undefined` when it does. */
export function reasonToSkip(harness: Harness, testCase: Case): string | undefined {
  for (const ability of testCase.needs) {
    const reason = harness.lacks[ability]
    if (reason !== undefined) return `no ${ability}: ${reason}`
  }
  for (const feature of testCase.asks) {
    if (feature !== 'policies' && harness[feature] === undefined) return `the harness has no ${feature}`
  }
  const isForeign = testCase.asks.includes('policies') && harness.sharing?.peers === 'celery'
  if (isForeign) return 'workers of Celery know no policies, and no results by reference'
  return undefined
}

/** Runs one case on a backend and keys of its own. Rejects when the backend breaks it. */
export async function runCase(harness: Harness, testCase: Case): Promise<void> {
  await withTrial(harness, async (trial) => {
    for (const ability of testCase.needs) assert.ok(trial.backend[ability], `the backend has no ${ability}`)
    await testCase.run(trial)
  })
}

/** Fails unless `lacks` names exactly the abilities that the backend does not have. */
export async function checkAbilities(harness: Harness): Promise<void> {
  await using backend = await harness.open()
  assert.deepEqual(
    abilityNames.filter((ability) => backend[ability] === undefined),
    abilityNames.filter((ability) => harness.lacks[ability] !== undefined),
    'the abilities that the backend does not have, and those that the harness says it lacks',
  )
}
