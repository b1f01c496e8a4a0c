import { describe, expect, it } from 'vitest'
import { chain, chord, freeze, group, task } from '../../src/index.ts'
import { remainingSteps } from '../../src/results/chain-steps.ts'

const add = task('add', (a: number, b: number) => a + b)
const log = task<(value: unknown) => void>('tasks.log')

describe('the steps that will not run', () => {
  it('include the members of a group', () => {
    const [message] = freeze(chain([add.s(1, 2), log.s(), group([log.s(), log.s()])])).messages
    expect(remainingSteps(message).filter((step) => step.task === 'tasks.log')).toHaveLength(3)
  })

  it('include the body of a chord, with its place in an outer one', () => {
    const step = chain([add.s(1, 2), chord([add.s(3)], chain([log.s(), log.s()]), { id: 'inner' })])
    const [outer] = freeze(chord([step], log, { id: 'outer' })).chords
    const steps = remainingSteps(outer?.messages[0])
    expect(steps.map(({ task: name, bodyOf }) => [name, bodyOf])).toEqual([
      ['tasks.log', 'inner'],
      ['tasks.log', 'inner'],
    ])
    expect(steps.map(({ group: id, groupIndex, chord: stub }) => [id, groupIndex, stub?.options['task_id']])).toEqual([
      [undefined, undefined, undefined],
      ['outer', 0, outer?.bodyIds[0]],
    ])
  })
})
