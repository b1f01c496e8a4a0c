import { chain, group, Signature, task, type GroupOf, type ResultOf, type TaskContext } from '@arpeggio/core'
import { describe, expectTypeOf, it } from 'vitest'

const add = task('add', (a: number, b: number) => a + b)
const text = task('text', async (value: number) => `${value}`)
const shout = task('shout', (value: string, mark = '!') => value + mark)
const total = task('total', (...values: number[]) => values.length)
const remote = task<(x: number, y: number) => number>('tasks.add')
const bound = task('bound', (context: TaskContext, name: string) => `${name} ${context.request.id}`, { bind: true })

/** Accepts what `Results.apply` accepts: a call that needs nothing more. */
function complete<Result>(signature: Signature<Result>): Signature<Result> {
  return signature
}

describe('the types of calls', () => {
  it('know results, also of promises and of tasks that run elsewhere', () => {
    expectTypeOf<ResultOf<ReturnType<typeof add.s<[number, number]>>>>().toEqualTypeOf<number>()
    expectTypeOf(complete(add.s(1, 2))).toEqualTypeOf<Signature<number>>()
    expectTypeOf(complete(text.s(1))).toEqualTypeOf<Signature<string>>()
    expectTypeOf(complete(remote.s(1, 2))).toEqualTypeOf<Signature<number>>()
    expectTypeOf(complete(bound.s('a'))).toEqualTypeOf<Signature<string>>()
    expectTypeOf(complete(total.s(1, 2, 3))).toEqualTypeOf<Signature<number>>()
    expectTypeOf(complete(shout.s('a'))).toEqualTypeOf<Signature<string>>()
  })

  it('refuse wrong and missing arguments', () => {
    expectTypeOf((...args: Parameters<typeof add.si>) => args).parameters.toEqualTypeOf<[a: number, b: number]>()
    // @ts-expect-error a text is no number
    add.s('1', 2)
    // @ts-expect-error too many
    add.s(1, 2, 3)
    // @ts-expect-error the first argument is still missing
    complete(add.s(2))
    // @ts-expect-error an immutable call is complete
    add.si(1)
  })

  it('hand the result of a step to the next', () => {
    expectTypeOf(complete(chain([add.s(1, 2), add.s(3), text.s()]))).toEqualTypeOf<Signature<string>>()
    expectTypeOf(complete(chain([text.s(1), shout.s('?')]))).toEqualTypeOf<Signature<string>>()
    expectTypeOf(complete(chain([text.s(1), add.si(1, 2)]))).toEqualTypeOf<Signature<number>>()
    // @ts-expect-error add wants a number in front, text gives a text
    chain([text.s(1), add.s(3)])
    // @ts-expect-error add has all its arguments and takes no more
    chain([add.s(1, 2), add.s(3, 4)])
    // @ts-expect-error a chain whose first step is not complete is not either
    complete(chain([add.s(1), text.s()]))
  })

  it('keep the results of a group in order', () => {
    expectTypeOf(complete(group([add.s(1, 2), text.s(3)]))).toEqualTypeOf<Signature<GroupOf<[number, string]>>>()
    expectTypeOf(complete(group([1, 2].map((n) => text.s(n))))).toEqualTypeOf<Signature<GroupOf<string[]>>>()
    expectTypeOf(complete(chain([add.s(1, 2), group([text.s(), add.s(1)])]))).toEqualTypeOf<
      Signature<GroupOf<[string, number]>>
    >()
    // @ts-expect-error one member is not complete
    complete(group([add.s(1), text.s(3)]))
  })

  it('check callbacks', () => {
    expectTypeOf(add.s(1, 2).link(text.s())).toEqualTypeOf<ReturnType<typeof add.s<[number, number]>>>()
    // @ts-expect-error shout wants a text
    add.s(1, 2).link(shout.s('?'))
  })
})
