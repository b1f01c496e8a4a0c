import { describe, expect, it } from 'vitest'
import { chord, chordUnlockTask, group, LocalQueue, Results, type ResultsOptions, task } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'

const add = task('add', (a: number, b: number) => a + b)
const total = task('total', (values: unknown) => JSON.stringify(values))
const broken = task('broken', (): number => {
  throw new RangeError('no')
})
const stuck = task('stuck', () => new Promise<number>(() => undefined))

function open(options: Partial<ResultsOptions> = {}, deadlineSeconds?: number): Results {
  const unlock = chordUnlockTask(() => results, {
    intervalSeconds: 0.01,
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
  })
  const publisher = new LocalQueue([add, total, broken, stuck, unlock], { concurrency: 8 })
  const results: Results = new Results({ backend: new MapBackend(), publisher, peers: 'celery', ...options })
  return results
}

/** A store that counts no parts, with peers: Celery's own task joins. */
describe('celery.chord_unlock', () => {
  it('sends the body with the results of its header, in the structure of that', async () => {
    await using results = open()
    const handle = await results.apply(chord([group([add.s(1, 2), add.s(3, 4)]), add.s(5, 6)], total.s()))
    expect(await handle.get({ timeoutMs: 10_000 })).toBe('[[3,7],11]')
  })

  it('gives the body the failure of a part, in the words of Celery', async () => {
    await using results = open()
    const handle = await results.apply(chord([add.s(1, 2), broken.s()], total.s()))
    await expect(handle.get({ timeoutMs: 10_000 })).rejects.toMatchObject({
      excType: 'ChordError',
      excArgs: [expect.stringMatching(/^Dependency [\w-]+ raised ValueError\('no'\)$/u)],
    })
  })

  it('does not wait for ever', async () => {
    const results = open({}, 0.05)
    const handle = await results.apply(chord([add.s(1, 2), stuck.s()], total.s()))
    await expect(handle.get({ timeoutMs: 20_000 })).rejects.toMatchObject({
      message: expect.stringContaining('was not complete after 5 looks'),
    })
  })

  it('reads once for each look', async () => {
    const backend = new MapBackend()
    await using results = open({ backend })
    const handle = await results.apply(
      chord(
        Array.from({ length: 100 }, (_, at) => add.s(at, at)),
        total.s(),
      ),
    )
    await handle.get({ timeoutMs: 10_000 })
    expect(backend.calls.get('mget') ?? 0).toBeLessThan(10)
  })
})
