import assert from 'node:assert/strict'
import { type Language, MixedChord, resultsOf } from '../chords/mixed-chord.ts'
import { Cases, captured, type Fleet, type InteropCase } from '../interop-case.ts'

const languages: readonly Language[] = ['Python', 'TypeScript']
const options = { worker: true, nodeWorker: true }

const cases = new Cases('both ways')

for (const language of languages) {
  for (const starter of languages) {
    const run = (fleet: Fleet): Promise<void> => countsOnce(fleet, language, starter)
    const needs = language === 'Python' ? (['repeats'] as const) : []
    cases
      .add(
        `a part in ${language} that is delivered again, before and after the end of a chord started by ${starter}, counts once [Q7] [Q21]`,
        run,
        { ...options, needs },
      )
      .add(
        `a part in ${language} that is delivered again, before and after the end of a captured chord started by ${starter}, counts once [Q7] [Q21]`,
        run,
        { ...options, needs: ['capturing'], results: captured },
      )
  }
}

cases.add(
  'a part of ours that comes to something else the second time keeps its first value [Q8]',
  async (fleet) => {
    const mixed = new MixedChord(fleet)
    const repeated = mixed.parked(mixed.call('TypeScript', 'count', `runs-${fleet.id}`))
    const last = mixed.held('Python', 'b')
    const id = await mixed.start('Python', [repeated, last], mixed.call('TypeScript', 'echo'))
    for (const run of [1, 2, 3]) {
      await mixed.run('TypeScript', repeated)
      assert.equal(await fleet.broker.get(`runs-${fleet.id}`), String(run))
    }
    await mixed.end(last)
    assert.deepEqual((await mixed.outcome(id)).result, [1, 'b'])
  },
  options,
)

/** Parts that a queue delivers more than once. */
export const repeats: readonly InteropCase[] = cases.list()

async function countsOnce(fleet: Fleet, language: Language, starter: Language): Promise<void> {
  const mixed = new MixedChord(fleet)
  const first = mixed.parked(mixed.call('TypeScript', 'echo', 'a'))
  const repeated = mixed.parked(mixed.call(language, 'echo', 'again'))
  const last = mixed.held('Python', 'b')
  const id = await mixed.start(starter, [first, repeated, last], mixed.call('TypeScript', 'note', `notes-${fleet.id}`))
  await mixed.run('TypeScript', first)
  for (let run = 1; run <= 3; run += 1) await mixed.run(language, repeated)
  await mixed.end(last)
  assert.deepEqual((await mixed.outcome(id)).result, ['a', 'again', 'b'])
  await mixed.run(language, repeated)
  const { status } = await resultsOf(fleet).getTaskMeta(id, { cache: false })
  assert.deepEqual([status, (await mixed.notes(`notes-${fleet.id}`)).length], ['SUCCESS', 1])
}
