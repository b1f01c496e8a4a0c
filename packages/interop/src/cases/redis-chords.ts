import assert from 'node:assert/strict'
import { type Language, MixedChord } from '../chords/mixed-chord.ts'
import { Cases, type InteropCase } from '../interop-case.ts'

const languages: readonly Language[] = ['Python', 'TypeScript']
const options = { worker: true, nodeWorker: true }

const cases = new Cases('both ways')

for (const language of languages) {
  cases.add(
    `a chord started by ${language} whose parts are kept in no order has all its values`,
    async (fleet) => {
      const mixed = new MixedChord(fleet)
      const parts = [0, 1, 2, 3].map((at) => mixed.call(languages[at % 2] ?? 'Python', 'echo', at))
      const id = await mixed.start(language, parts, mixed.call('Python', 'note', `notes-${fleet.id}`))
      const { result } = await mixed.outcome(id)
      assert.deepEqual(new Set(result as readonly number[]), new Set([0, 1, 2, 3]))
      assert.equal((await mixed.notes(`notes-${fleet.id}`)).length, 1)
    },
    { ...options, settings: { chordOrdered: false } },
  )
}

/** What only Redis has: parts in no order. */
export const redisChords: readonly InteropCase[] = cases.list()
