import assert from 'node:assert/strict'
import { ChordError } from '@arpeggio/core'
import { type Language, MixedChord } from '../chords/mixed-chord.ts'
import { Cases, type InteropCase } from '../interop-case.ts'
import { additions } from './additions.ts'
import { captures } from './captures.ts'
import { repeats } from './repeats.ts'

const languages: readonly Language[] = ['Python', 'TypeScript']
const other = (language: Language): Language => (language === 'Python' ? 'TypeScript' : 'Python')
const options = { worker: true, nodeWorker: true }

const cases = new Cases('both ways')

for (const starter of languages) {
  for (const body of languages) {
    for (const first of languages) {
      for (const last of languages) {
        cases.add(
          `a chord started by ${starter}, a part in ${first}, the last in ${last}, its body in ${body}`,
          async (fleet) => {
            const mixed = new MixedChord(fleet)
            const parts = [mixed.held(last, 'a'), mixed.held(first, 'b')] as const
            const id = await mixed.start(starter, parts, mixed.call(body, 'note', `notes-${fleet.id}`))
            await mixed.end(parts[1])
            await mixed.end(parts[0])
            const { status, result } = await mixed.outcome(id)
            assert.deepEqual([status, result], ['SUCCESS', ['a', 'b']])
            assert.deepEqual(await mixed.notes(`notes-${fleet.id}`), [['a', 'b']])
          },
          options,
        )
      }
    }
    cases.add(
      `a chord started by ${starter} of which a part in ${other(body)} fails, its body in ${body}`,
      async (fleet) => {
        const mixed = new MixedChord(fleet)
        const parts = [mixed.held(body, 'a'), mixed.held(other(body), 'b', true)] as const
        const errback = { ...mixed.call(starter, 'note_error'), kwargs: { key: `notes-${fleet.id}` } }
        const call = mixed.call(body, 'echo')
        const id = await mixed.start(starter, parts, { ...call, options: { ...call.options, link_error: [errback] } })
        await mixed.end(parts[1])
        await mixed.end(parts[0])
        const { status, result } = await mixed.outcome(id)
        assert.equal(status, 'FAILURE')
        assert.ok(result instanceof ChordError)
        const failed = String(parts[1].options['task_id'])
        const repr = other(body) === 'Python' ? "ValueError('boom', 1)" : "ValueError('boom')"
        // Where nobody counts, Celery leaves out the first half.
        assert.ok([`Dependency ${failed} raised ${repr}`, repr].includes(String(result.excArgs[0])), String(result))
        assert.deepEqual(await mixed.noted(`notes-${fleet.id}`, 1), [id])
      },
      options,
    )
  }

  for (const size of [1, 2, 50]) {
    cases.add(
      `a chord of ${size} started by ${starter}, every other part in TypeScript, gives its values in order`,
      async (fleet) => {
        const mixed = new MixedChord(fleet)
        const parts = Array.from({ length: size }, (_, at) => mixed.call(languages[at % 2] ?? 'Python', 'echo', at))
        const id = await mixed.start(starter, parts, mixed.call(other(starter), 'note', `notes-${fleet.id}`))
        const { result } = await mixed.outcome(id)
        assert.deepEqual(result, [...parts.keys()])
        assert.equal((await mixed.notes(`notes-${fleet.id}`)).length, 1)
      },
      options,
    )
  }

  cases
    .add(
      `an empty chord started by ${starter} runs its body at once`,
      async (fleet) => {
        const mixed = new MixedChord(fleet)
        const id = await mixed.start(starter, [], mixed.call(other(starter), 'echo'))
        assert.deepEqual((await mixed.outcome(id)).result, [])
      },
      options,
    )
    .add(
      `chains of both languages are parts of a chord started by ${starter}`,
      async (fleet) => {
        const mixed = new MixedChord(fleet)
        const chains = languages.map((language, at) =>
          chainOf([mixed.call(language, 'add', at, 1), mixed.call(other(language), 'add', 10)]),
        )
        const id = await mixed.start(starter, chains, mixed.call(starter, 'total'))
        assert.equal((await mixed.outcome(id)).result, 23)
      },
      options,
    )
    .add(
      `a chain whose first step fails ends a chord started by ${starter}, whoever ran it`,
      async (fleet) => {
        const mixed = new MixedChord(fleet)
        for (const language of languages) {
          const failing = mixed.held(language, 'a', true)
          const chains = [
            chainOf([failing, mixed.call(other(language), 'echo')]),
            mixed.call(other(language), 'echo', 1),
          ]
          const id = await mixed.start(starter, chains, mixed.call(language, 'echo'))
          await mixed.end(failing)
          const { status, result } = await mixed.outcome(id)
          assert.equal(status, 'FAILURE')
          assert.match(String(result), /ValueError\('boom'/u)
        }
      },
      options,
    )
    .add(
      `groups in the header of a chord started by ${starter} are joined`,
      async (fleet) => {
        const mixed = new MixedChord(fleet)
        const inner = groupOf(['b', 'c'].map((value, at) => mixed.call(languages[at] ?? 'Python', 'echo', value)))
        const id = await mixed.start(
          starter,
          [mixed.call('Python', 'echo', 'a'), inner],
          mixed.call('TypeScript', 'echo'),
        )
        const { result } = await mixed.outcome(id)
        assert.deepEqual(new Set((result as readonly unknown[]).flat()), new Set(['a', 'b', 'c']))
      },
      options,
    )
}

cases.add(
  'the body of a failed chord has no parent and no children of other tasks where we end it [Q15]',
  async (fleet) => {
    const mixed = new MixedChord(fleet)
    const parts = [mixed.held('Python', 'a', true), mixed.held('TypeScript', 'b')] as const
    // Where parts are not counted, whoever serves the queue of the body ends it.
    const id = await mixed.start('Python', parts, mixed.call('TypeScript', 'echo'))
    await mixed.end(parts[0])
    await mixed.end(parts[1])
    const { status, parentId, children } = await mixed.outcome(id)
    assert.deepEqual([status, parentId, children], ['FAILURE', undefined, []])
  },
  options,
)

/** Chords with parts in both languages, on any store. */
export const chords: readonly InteropCase[] = [...cases.list(), ...captures, ...repeats, ...additions]

function chainOf(tasks: readonly object[]): object {
  return { task: 'celery.chain', args: [], kwargs: { tasks }, options: {}, subtask_type: 'chain', immutable: false }
}

function groupOf(tasks: readonly object[]): object {
  return { task: 'celery.group', args: [], kwargs: { tasks }, options: {}, subtask_type: 'group', immutable: false }
}
