import { describe, expect, it } from 'vitest'
import { type AnySignature, chain, chord, freeze, group } from '../../src/index.ts'
import { slotsOf } from '../../src/chords/slots-of.ts'
import { body, part } from './chord-rig.ts'

function slots(...header: readonly AnySignature[]): readonly unknown[] {
  const { chords } = freeze(chord(header, body, { id: 'c' }))
  return chords.flatMap(({ messages }) => messages.map((message) => slotsOf(message, 'c')))
}

describe('the slots that a message fills', () => {
  it('are its own, or those of the end of its chain', () => {
    expect(slots(part.si(1), part.si(2))).toEqual([[0], [1]])
    expect(slots(part.si(1), chain([part.si(2), part.si(3)]))).toEqual([[0], [1]])
    expect(slots(chain([part.si(2), group([part.si(3), part.si(4)])]), part.si(5))).toEqual([[0, 1], [2]])
    expect(slots(group([part.si(1), part.si(2)]), part.si(3))).toEqual([[0], [1], [2]])
  })

  it('are those of the body when a chain ends in a chord', () => {
    const inner = chain([part.si(0), chord([part.si(1)], group([part.si(2), part.si(3)]), { id: 'inner' })])
    expect(slots(inner, part.si(5))).toEqual([[0, 1], [2]])
  })

  it('are none for a message that belongs to another chord, or to none', () => {
    const [message] = freeze(part.si(1)).messages
    expect(message && slotsOf(message, 'c')).toEqual([])
    const { chords } = freeze(chord([part.si(1)], body, { id: 'other' }))
    expect(chords[0]?.messages.map((each) => slotsOf(each, 'c'))).toEqual([[]])
  })
})
