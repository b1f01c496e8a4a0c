import assert from 'node:assert/strict'
import { signatureFromData } from '@arpeggio/core'
import { type Call, type Language, MixedChord, resultsOf } from '../chords/mixed-chord.ts'
import { captured, Cases, type Fleet, type InteropCase } from '../interop-case.ts'

const languages: readonly Language[] = ['Python', 'TypeScript']

const cases = new Cases('both ways')

for (const firing of ['shared', 'captured'] as const) {
  const options = { worker: true, nodeWorker: true, results: firing === 'captured' ? captured : {} }
  for (const starter of languages) {
    cases
      .add(
        `parts that a task of Celery's adds to a chord started by ${starter} count, fired ${firing}`,
        async (fleet) => {
          const { mixed, gate, total } = await begun(fleet, starter, [5, 6])
          await mixed.end(gate)
          assert.equal(await total(), 2 + 5 + 6)
        },
        { ...options, needs: ['adding'] },
      )
      .add(
        `parts of both languages that we add, twice under one name, to a chord started by ${starter} count once, fired ${firing}`,
        async (fleet) => {
          const { mixed, grower, gate, total } = await begun(fleet, starter, [])
          const added = languages.map((language, at) => signatureFromData(mixed.call(language, 'add', 5 + at, 0)))
          const chord = await mixed.chordOf(grower)
          for (let time = 0; time < 2; time += 1) await resultsOf(fleet).chords.add(chord, 'more', added)
          await mixed.end(gate)
          assert.equal(await total(), 2 + 5 + 6)
        },
        { ...options, needs: [firing === 'captured' ? ('capturing' as const) : ('counting' as const)] },
      )
  }
}

/** Parts that come to a chord on its way. */
export const additions: readonly InteropCase[] = cases.list()

interface Begun {
  readonly mixed: MixedChord
  readonly grower: Call
  readonly gate: Call
  readonly total: () => Promise<unknown>
}

/** A chord of which one part has ended here, and one there that has added others; the last is at the gate. */
async function begun(fleet: Fleet, starter: Language, values: readonly number[]): Promise<Begun> {
  const mixed = new MixedChord(fleet)
  const first = mixed.parked(mixed.call('TypeScript', 'echo', 0))
  const grower = mixed.parked(mixed.call('Python', 'grow', values))
  const gate = mixed.held('TypeScript', 2)
  const id = await mixed.start(starter, [first, grower, gate], mixed.call('Python', 'total'))
  await mixed.run('TypeScript', first)
  await mixed.run('Python', grower)
  return { mixed, grower, gate, total: async () => (await mixed.outcome(id)).result }
}
