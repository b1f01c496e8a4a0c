import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  chain,
  chord,
  freeze,
  group,
  signatureFromData,
  task,
  type ChordShape,
  type ResultNode,
  type Signature,
} from '../../src/index.ts'
import { PlayedCanvas } from './played-canvas.ts'

const step = task<(value: unknown, mark: number) => unknown>('step')

/** A call that needs nothing and takes anything. */
type Call = Signature<unknown, readonly unknown[]>

/** Calls of every kind, nested in every way. */
const { call: calls } = fc.letrec<{ call: Call; task: Call; header: Call[] }>((tie) => ({
  task: fc.nat(2).map((mark) => step.si(0, mark)),
  header: fc.array(tie('call'), { maxLength: 3 }),
  call: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('task'),
    tie('header').map((members) => group(members)),
    fc.array(tie('call'), { minLength: 1, maxLength: 4 }).map((steps) => chain(steps as [Call])),
    fc.tuple(tie('header'), tie('call')).map(([header, body]) => chord(header, body)),
  ),
}))

const chords = fc
  .tuple(fc.array(calls, { maxLength: 4 }), calls, fc.string({ minLength: 1 }))
  .map(([header, body, id]) => chord(header, body, { id }))

function idsOf({ id, members, parent }: ResultNode): readonly string[] {
  return [...(members === undefined ? [id] : members.flatMap(idsOf)), ...(parent === undefined ? [] : idsOf(parent))]
}

function slotsOf(shape: 1 | ChordShape): number {
  return shape === 1 ? 1 : shape.reduce<number>((slots, part) => slots + slotsOf(part), 0)
}

describe('every chord', () => {
  it('freezes to the same twice', () => {
    fc.assert(
      fc.property(chords, (signature) => {
        expect(freeze(signature)).toEqual(freeze(signature))
      }),
    )
  })

  it('freezes to the same when it comes from its data', () => {
    fc.assert(
      fc.property(chords, (signature) => {
        const data: unknown = JSON.parse(JSON.stringify(signature.toData()))
        expect(JSON.parse(JSON.stringify(signatureFromData(data).toData()))).toEqual(data)
        expect(freeze(signatureFromData(data))).toEqual(freeze(signature))
      }),
    )
  })

  it('has other ids than one with another id', () => {
    fc.assert(
      fc.property(fc.array(calls, { maxLength: 3 }), calls, (header, body) => {
        const [one, other] = ['one', 'other'].map((id) => new PlayedCanvas(freeze(chord(header, body, { id }))).ids)
        expect(new Set([...(one ?? []), ...(other ?? [])]).size).toBe((one?.length ?? 0) * 2)
      }),
    )
  })
})

describe('every call', () => {
  it('runs each of its tasks once, under the ids that its result names', () => {
    fc.assert(
      fc.property(calls, (signature) => {
        const frozen = freeze(signature)
        const { ids } = new PlayedCanvas(frozen)
        expect(new Set(ids).size).toBe(ids.length)
        expect(ids.toSorted()).toEqual(idsOf(frozen.root).toSorted())
      }),
    )
  })

  it('fills each slot of each chord with the task that the chord names', () => {
    fc.assert(
      fc.property(calls, (signature) => {
        const played = new PlayedCanvas(freeze(signature))
        for (const { chord: frozen, slots } of played.chords.values()) {
          expect(frozen.headerIds.map((_, slot) => slots.get(slot))).toEqual(frozen.headerIds)
          expect(slots.size).toBe(frozen.headerIds.length)
          expect(slotsOf(frozen.shape ?? frozen.headerIds.map(() => 1))).toBe(frozen.headerIds.length)
          expect(played.ids).toEqual(expect.arrayContaining([...frozen.bodyIds]))
          expect(frozen.root.parent === undefined).toBe(false)
        }
      }),
    )
  })
})
