import assert from 'node:assert/strict'
import { type Language, MixedChord } from '../chords/mixed-chord.ts'
import { captured, Cases, type InteropCase } from '../interop-case.ts'

const languages: readonly Language[] = ['Python', 'TypeScript']

const cases = new Cases('both ways')

for (const starter of languages) {
  for (const body of languages) {
    cases.add(
      `a captured chord started by ${starter} whose last part is Python's is fired by us, its body in ${body}`,
      async (fleet) => {
        const mixed = new MixedChord(fleet)
        const parts = [mixed.held('Python', 'a'), mixed.parked(mixed.call('TypeScript', 'echo', 'b'))] as const
        const id = await mixed.start(starter, parts, mixed.call(body, 'note', `notes-${fleet.id}`))
        await mixed.run('TypeScript', parts[1])
        await mixed.end(parts[0])
        assert.deepEqual((await mixed.outcome(id)).result, ['a', 'b'])
        assert.equal((await mixed.notes(`notes-${fleet.id}`)).length, 1)
      },
      { worker: true, nodeWorker: true, needs: ['capturing'], results: captured },
    )
  }
}

/** Chords that Celery's workers count and never fire. */
export const captures: readonly InteropCase[] = cases.list()
