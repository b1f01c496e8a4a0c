import assert from 'node:assert/strict'
import { Cases, type Fleet, type InteropCase } from '../interop-case.ts'
import { type NamedValue, read, stored } from '../values.ts'

/** A SUCCESS with every form of value that JSON, or Celery's additions to it, can have. */
export const values: readonly InteropCase[] = [...fromPython(), ...toPython()]

function fromPython(): readonly InteropCase[] {
  const cases = new Cases('Python to TypeScript')
  for (const [name, value] of read) {
    const title = isUnusual(value)
      ? `reads a number of Celery's that JSON lacks: ${name} [Q40]`
      : `reads a SUCCESS of Celery's: ${name}`
    cases.add(title, async ({ id, python, node }) => {
      await python.call('store', { id, named: name })
      const meta = await node.waitFor(id, { timeoutMs: 10_000 })
      assert.deepEqual([meta.status, meta.result], ['SUCCESS', value])
    })
  }
  return cases.list()
}

function toPython(): readonly InteropCase[] {
  const cases = new Cases('TypeScript to Python')
  for (const [name, value] of stored) {
    const title = isUnusual(value)
      ? `lets Celery read a number that JSON lacks: ${name} [Q40]`
      : `lets Celery read a SUCCESS: ${name}`
    cases.add(title, async (fleet) => {
      await fleet.node.storeResult(fleet.id, value, 'SUCCESS')
      await matches(fleet, name)
    })
  }
  return cases.list()
}

/** Python compares by itself: what it sends here has been through our reader. */
async function matches({ python, id }: Fleet, named: string): Promise<void> {
  const { same, read, expected } = (await python.call('matches', { id, named })) as Readonly<Record<string, unknown>>
  assert.ok(same, `Python reads ${String(read)}, not ${String(expected)}`)
}

function isUnusual(value: NamedValue[1]): boolean {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
}
