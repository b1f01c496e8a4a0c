import { Signature, type AnySignature, type GroupOf, type GroupSignature } from './signature.ts'

/** Calls that run in parallel: `group([add.s(1, 2), add.s(3, 4)])`. Members that are groups themselves are flattened. */
export function group<const Members extends readonly AnySignature[]>(
  members: Members,
): GroupSignature<MemberResults<Members>, MissingOfAll<Members>> {
  return new Signature({ task: 'celery.group', kind: 'group', tasks: members.flatMap(flatten) })
}

function flatten(member: AnySignature): readonly AnySignature[] {
  return member.kind === 'group' && !('task_id' in member.options) ? member.tasks : [member]
}

/** What each member results in, in order. */
export type MemberResults<Members extends readonly unknown[]> = Members extends readonly [infer First, ...infer Rest]
  ? [...Flat<ResultOf<First>>, ...MemberResults<Rest>]
  : number extends Members['length']
    ? Flat<ResultOf<Members[number]>>[number][]
    : []

export type ResultOf<Item> = Item extends Signature<infer Result, never> ? Result : never

type Flat<Result> = [Result] extends [GroupOf<infer Results>] ? Results : [Result]

/** What every member accepts: signatures are contravariant in what they miss, so inference intersects. */
export type MissingOfAll<Members extends readonly unknown[]> =
  Members[number] extends Signature<unknown, infer Missing>
    ? Missing extends readonly unknown[]
      ? Missing
      : never
    : never
