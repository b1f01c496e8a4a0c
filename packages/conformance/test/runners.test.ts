import assert from 'node:assert/strict'
import * as nodeTest from 'node:test'
import { describe, it } from 'vitest'
import { type Harness, register, type Runner, runCase } from '../src/index.ts'
import { cases, checkAbilities, reasonToSkip } from '../src/index.ts'
import { MapBackend } from './third-party-backend.ts'

/** Both runners fit: this file would not compile otherwise. */
const runners: readonly Runner[] = [
  { describe, it },
  { describe: nodeTest.describe, it: nodeTest.it },
]

const lacksNothing: Harness = { name: 'map', lacks: {}, open: async () => new MapBackend() }

describe('register', () => {
  it('fits vitest and node:test', () => {
    assert.equal(runners.length, 2)
  })

  it('declares a test for every case and one for the abilities', () => {
    const names: string[] = []
    const it = (name: string): void => void names.push(name)
    register(lacksNothing, { describe: (_, body) => body(), it })
    assert.deepEqual(new Set(names.slice(1)), new Set(cases.map(({ name }) => name)))
    assert.equal(names.length, cases.length + 1)
  })

  it('skips a case about an ability that the store lacks, with the reason, and never runs it', async () => {
    const reasons: (string | undefined)[] = []
    const bodies: Promise<void>[] = []
    const lacking: Harness = {
      ...lacksNothing,
      lacks: { scan: 'nobody lists a map' },
      open: () => Promise.reject(new Error('not to be opened')),
    }
    const aboutScan = cases.filter(({ needs }) => needs.includes('scan'))
    const context = { skip: (reason?: string): void => void reasons.push(reason) }
    const it = (name: string, body: (given: typeof context) => Promise<void>): void => {
      if (!name.startsWith('lacks')) bodies.push(body(context))
    }
    register(lacking, { describe: (_, body) => body(), it }, aboutScan)
    await Promise.all(bodies)
    assert.ok(reasons.length > 0)
    assert.deepEqual(new Set(reasons), new Set(['no scan: nobody lists a map']))
    assert.equal(reasons.length, aboutScan.length)
  })
})

describe('the harness', () => {
  it('is refused when it names too few of the abilities that the backend lacks', async () => {
    await assert.rejects(checkAbilities(lacksNothing), /says it lacks/)
  })

  it('is refused when it names an ability that the backend has', async () => {
    const backend = Object.assign(new MapBackend(), { clock: { now: async () => new Date() } })
    const others = Object.fromEntries(
      ['presence', 'bulk', 'guard', 'notifications', 'revision', 'chords', 'scan', 'cleanup', 'check'].map((name) => [
        name,
        'none',
      ]),
    )
    await checkAbilities({ name: 'map', lacks: others, open: async () => backend })
    const lying: Harness = { name: 'map', lacks: { ...others, clock: 'none' }, open: async () => backend }
    await assert.rejects(checkAbilities(lying), /says it lacks/)
  })

  it('fails a case whose ability is missing although the harness does not say so', async () => {
    const aboutScan = cases.find(({ needs }) => needs.includes('scan'))
    assert.ok(aboutScan)
    assert.equal(reasonToSkip(lacksNothing, aboutScan), undefined)
    await assert.rejects(runCase(lacksNothing, aboutScan), /the backend has no scan/)
  })
})
