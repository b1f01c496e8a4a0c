import {
  chain,
  chord,
  group,
  StreamedChord,
  task,
  type ChordOptions,
  type ChordResults,
  type GroupOf,
  type Settled,
  type Signature,
} from '@arpeggio/core'
import { describe, expect, expectTypeOf, it } from 'vitest'

const add = task('add', (a: number, b: number) => a + b)
const text = task('text', async (value: number) => `${value}`)
const total = task('total', (sums: readonly number[], start: number = 0) => sums.length + start)
const texts = task('texts', (values: string[]) => values.join(','))
const pair = task('pair', (values: [number, string]) => values[1])
const nested = task('nested', (values: [[number, string], number]): number => values.length)
const settled = task('settled', (values: readonly Settled<number>[]) => values.length)
const streamed = task('streamed', (values: ChordResults<number>) => values.length)
const spread = task('spread', (...values: number[]) => values.length)

function complete<Result>(signature: Signature<Result>): Signature<Result> {
  return signature
}

describe('the types of chords', () => {
  it('give the body the results of the header', () => {
    expectTypeOf(complete(chord([add.s(1, 2), add.s(3, 4)], total))).toEqualTypeOf<Signature<number>>()
    expectTypeOf(complete(chord([add.s(1, 2), text.s(3)], pair.s()))).toEqualTypeOf<Signature<string>>()
    const many = [1, 2, 3].map((n) => add.s(n, n))
    expectTypeOf(complete(chord(many, total.s(10)))).toEqualTypeOf<Signature<number>>()
    expectTypeOf(complete(chord([], total))).toEqualTypeOf<Signature<number>>()
    expectTypeOf(complete(chord(many, text.si(1)))).toEqualTypeOf<Signature<string>>()
    expectTypeOf(complete(chord(group([add.s(1, 2), text.s(3)]), pair))).toEqualTypeOf<Signature<string>>()
  })

  it('refuse a body that does not take them', () => {
    expectTypeOf(complete(chord([add.s(1, 2)], total))).toEqualTypeOf<Signature<number>>()
    // @ts-expect-error texts wants texts
    chord([add.s(1, 2)], texts)
    // @ts-expect-error texts wants texts, also as a signature
    chord([add.s(1, 2)], texts.s())
    // @ts-expect-error pair wants a number and a text
    chord([text.s(3), add.s(1, 2)], pair)
    // @ts-expect-error a list of unknown length is no pair
    chord([1, 2].map((n) => add.s(n, n)), pair) // prettier-ignore
    // @ts-expect-error the results come as one list
    chord([add.s(1, 2)], spread)
    // @ts-expect-error add wants more than one argument
    chord([add.s(1, 2)], add)
    // @ts-expect-error the body has all its arguments and takes no more
    chord([add.s(1, 2)], texts.s(['a']))
    // @ts-expect-error the group's results are a list of their own
    chord([group([add.s(1, 2), add.s(3, 4)]), add.s(1, 2)], total)
  })

  it('keep the shape of groups, of chains that end in groups and of chords', () => {
    const both = [group([add.s(1, 2), text.s(3)]), add.s(1, 2)] as const
    expectTypeOf(complete(chord(both, nested))).toEqualTypeOf<Signature<number>>()
    const last = chain([add.s(1, 2), group([add.s(1), text.s()])])
    expectTypeOf(complete(chord([last, add.s(1, 2)], nested))).toEqualTypeOf<Signature<number>>()
    const inner = chord([add.s(1, 2)], total)
    expectTypeOf(complete(chord([inner, add.s(1, 2)], total))).toEqualTypeOf<Signature<number>>()
    // @ts-expect-error the inner chord gives a number
    chord([inner], texts)
  })

  it('give settled entries where the policy lets parts fail', () => {
    complete(chord([add.s(1, 2)], settled, { policy: 'collect' }))
    complete(chord([group([add.s(1, 2)]), add.s(1, 2)], settled.s(), { policy: { atLeast: 1 } }))
    complete(chord([add.s(1, 2)], total, { policy: 'failFast', id: 'given' }))
    // @ts-expect-error total wants numbers
    chord([add.s(1, 2)], total, { policy: 'collect' })
    // @ts-expect-error settled wants settled entries
    chord([add.s(1, 2)], settled)
    // @ts-expect-error a text is not settled as a number
    chord([text.s(1)], settled, { policy: 'collect' })
    // @ts-expect-error there is no such policy
    const policy = () => chord([add.s(1, 2)], total, { policy: 'never' })
    expect(policy).toThrow(TypeError)
    const unknown: ChordOptions = {}
    // @ts-expect-error any policy may be meant
    chord([add.s(1, 2)], total, unknown)
  })

  it('give a handle for results by reference', () => {
    expectTypeOf(complete(chord([add.s(1, 2)], streamed, { results: 'reference' }))).toEqualTypeOf<Signature<number>>()
    const entries = task('entries', async (values: ChordResults<Settled<number>>) => (await values.at(0))?.status)
    complete(chord([add.s(1, 2)], entries, { results: 'reference', policy: 'collect' }))
    // @ts-expect-error the values come by reference
    chord([add.s(1, 2)], total, { results: 'reference' })
    // @ts-expect-error the values come by value
    chord([add.s(1, 2)], streamed, { results: 'value' })
  })

  it('leave open what the header lacks', () => {
    expectTypeOf(complete(chain([add.s(1, 2), chord([add.s(3), add.s(4)], total)]))).toEqualTypeOf<Signature<number>>()
    // @ts-expect-error the header wants a number, which text does not give
    chain([text.s(1), chord([add.s(3)], total)])
    // @ts-expect-error a member lacks an argument
    complete(chord([add.s(3)], total))
  })

  it('make chords of groups and chords that steps follow', () => {
    const upgraded = chain([add.s(1, 2), group([add.s(3), add.s(4)]), total.s(), text.s()])
    expectTypeOf(complete(upgraded)).toEqualTypeOf<Signature<string>>()
    const followed = chain([chord([add.s(1, 2)], total), group([text.s(), text.s()]), texts.s()])
    expectTypeOf(complete(followed)).toEqualTypeOf<Signature<string>>()
    const end = chain([add.s(1, 2), chord([add.s(3)], total), group([text.s(), add.s(2)])])
    expectTypeOf(complete(end)).toEqualTypeOf<Signature<GroupOf<[string, number]>>>()
    // @ts-expect-error texts wants texts
    chain([group([add.s(1, 2), add.s(3, 4)]), texts.s()])
  })

  it('take a header that is read later', () => {
    function* calls() {
      yield add.s(1, 2)
    }
    async function* later() {
      yield add.s(1, 2)
    }
    expectTypeOf(chord(calls(), total)).toEqualTypeOf<StreamedChord<number>>()
    expectTypeOf(chord(later(), settled, { policy: 'collect' })).toEqualTypeOf<StreamedChord<number>>()
    expectTypeOf(chord(new Set([add.s(1, 2)]), total.s())).toEqualTypeOf<StreamedChord<number>>()
    // @ts-expect-error texts wants texts
    chord(later(), texts)
    // @ts-expect-error a streamed chord cannot be nested
    group([chord(later(), total)])
  })
})
