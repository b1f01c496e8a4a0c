import assert from 'node:assert/strict'
import { eventually } from '@arpeggio/conformance'
import { type Language, MixedChord, resultsOf } from '../chords/mixed-chord.ts'
import { Cases, type InteropCase } from '../interop-case.ts'

const languages: readonly Language[] = ['Python', 'TypeScript']
const options = { worker: true, nodeWorker: true }

const cases = new Cases('both ways')

for (const language of languages) {
  cases
    .add(
      `a captured chord whose last part is Python's is fired by us, its body in ${language}`,
      async (fleet) => {
        const mixed = new MixedChord(fleet)
        const parts = [mixed.held('Python', 'a'), mixed.held('TypeScript', 'b')] as const
        const id = await mixed.start('TypeScript', parts, mixed.call(language, 'note', `notes-${fleet.id}`))
        const waiting = mixed.outcome(id)
        await mixed.end(parts[1])
        await mixed.end(parts[0])
        const { result } = await waiting
        assert.deepEqual(result, ['a', 'b'])
        assert.equal((await mixed.notes(`notes-${fleet.id}`)).length, 1)
      },
      { ...options, firing: 'captured' },
    )
    .add(
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

  cases.add(
    `a process of ours that dies with the last part of a chord started by ${language}, before it publishes the body, leaves that to another`,
    async (fleet) => {
      const mixed = new MixedChord(fleet)
      const last = mixed.parked(mixed.call('TypeScript', 'echo', 'b'))
      const first = mixed.held('Python', 'a')
      const id = await mixed.start(language, [first, last], mixed.call('Python', 'note', `notes-${fleet.id}`))
      await mixed.end(first)
      await mixed.deliver({ queue: `dying-${fleet.id}` }, last)
      await mixed.dies(`dying-${fleet.id}`)
      await eventually(30_000, async () => {
        await resultsOf(fleet).chords.sweep()
        assert.equal((await mixed.notes(`notes-${fleet.id}`)).length, 1)
      })
      assert.deepEqual((await mixed.outcome(id)).result, ['a', 'b'])
    },
    options,
  )

  for (const starter of languages) {
    cases.add(
      `a part in ${language} that is delivered again, before and after the end of a chord started by ${starter}, counts once`,
      async (fleet) => {
        const mixed = new MixedChord(fleet)
        const repeated = mixed.parked(mixed.call(language, 'note', 'again', `runs-${fleet.id}`))
        const last = mixed.held('Python', 'b')
        const id = await mixed.start(starter, [repeated, last], mixed.call('TypeScript', 'note', `notes-${fleet.id}`))
        for (let run = 1; run <= 3; run += 1) {
          await mixed.deliver(language, repeated)
          await mixed.noted(`runs-${fleet.id}`, run)
        }
        await mixed.end(last)
        assert.deepEqual((await mixed.outcome(id)).result, ['again', 'b'])
        await mixed.deliver(language, repeated)
        await mixed.noted(`runs-${fleet.id}`, 4)
        const { status } = await resultsOf(fleet).getTaskMeta(id, { cache: false })
        assert.deepEqual([status, (await mixed.notes(`notes-${fleet.id}`)).length], ['SUCCESS', 1])
      },
      options,
    )
  }
}

cases.add(
  'a part of ours that comes to something else the second time keeps its first value',
  async (fleet) => {
    const mixed = new MixedChord(fleet)
    const repeated = mixed.parked(mixed.call('TypeScript', 'count', `runs-${fleet.id}`))
    const last = mixed.held('Python', 'b')
    const id = await mixed.start('Python', [repeated, last], mixed.call('TypeScript', 'echo'))
    for (const run of [1, 2, 3]) {
      await mixed.deliver('TypeScript', repeated)
      await eventually(20_000, async () => assert.equal(await fleet.broker.get(`runs-${fleet.id}`), String(run)))
    }
    await resultsOf(fleet).waitFor(String(repeated.options['task_id']), { timeoutMs: 20_000 })
    await mixed.end(last)
    assert.deepEqual((await mixed.outcome(id)).result, [1, 'b'])
  },
  options,
)

/** What only Redis has: chords that both sides count. */
export const redisChords: readonly InteropCase[] = cases.list()
