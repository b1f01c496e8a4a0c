import type { ChordOptions } from './chord-options.ts'
import type { ChordResults } from './chord-results.ts'
import type { MissingOfAll, ResultOf } from './group.ts'
import type { Missing } from './missing.ts'
import type { Settled } from './settled.ts'
import type { AnySignature, GroupOf, Signature } from './signature.ts'
import type { StreamedChord } from './streamed-chord.ts'
import type { Task } from './task.ts'

/** What may run in parallel before a body. */
export type ChordHeader =
  | readonly AnySignature[]
  | Signature<GroupOf<readonly unknown[]>, never>
  | AsyncIterable<Signature>
  | Iterable<Signature>

/** What `chord` answers: calls that are all known are a signature again. */
export type Chorded<Header, Result> = Header extends readonly AnySignature[]
  ? Signature<Result, MissingOfAll<Header>>
  : Header extends Signature<GroupOf<readonly unknown[]>, infer Lacking>
    ? Signature<Result, Lacking extends readonly unknown[] ? Lacking : never>
    : StreamedChord<Result>

/** What a body must be to follow a header. */
export type BodyFor<Body, Header, Options extends ChordOptions> =
  Body extends Task<infer Args, infer Result>
    ? Signature<Result, Missing<Args, []>> extends Signature<Result, [BodyParameter<Header, Options>]>
      ? unknown
      : Signature<Result, [BodyParameter<Header, Options>]>
    : Signature<ResultOf<Body>, [BodyParameter<Header, Options>]>

export type BodyResult<Body> = Body extends Task<infer _, infer Result> ? Result : ResultOf<Body>

/** What a body receives in front of its arguments. */
export type BodyParameter<Header, Options extends ChordOptions> = ByReference<
  Option<Options, 'results'>,
  ByPolicy<Option<Options, 'policy'>, HeaderResults<Header>, Settled<SlotResult<Header>>[]>,
  ChordResults<ByPolicy<Option<Options, 'policy'>, SlotResult<Header>, Settled<SlotResult<Header>>>>
>

type Option<Options extends ChordOptions, Name extends keyof ChordOptions> = Name extends keyof Options
  ? Options[Name]
  : undefined

// Both distribute, for options that are not known until the program runs.
type ByReference<Mode, Values, Reference> = Mode extends 'reference' ? Reference : Values
type ByPolicy<Policy, Plain, Settling> = Policy extends 'collect' | { readonly atLeast: number } ? Settling : Plain

/** What each member of a header results in, in order. */
export type HeaderResults<Header> = Header extends readonly unknown[]
  ? ListResults<Header>
  : Header extends Signature<GroupOf<infer Results>, never>
    ? [...Results]
    : ValueOf<ResultOf<Item<Header>>>[]

type ListResults<Members extends readonly unknown[]> = Members extends readonly [infer First, ...infer Rest]
  ? [ValueOf<ResultOf<First>>, ...ListResults<Rest>]
  : number extends Members['length']
    ? ValueOf<ResultOf<Members[number]>>[]
    : []

/** The value of what a signature results in: that of a group is a list. */
export type ValueOf<Result> = [Result] extends [GroupOf<infer Results>] ? [...Results] : EachValueOf<Result>

// Where members differ, only some may be groups.
type EachValueOf<Result> = unknown extends Result
  ? Result
  : Result extends GroupOf<infer Results>
    ? [...Results]
    : Result

type SlotResult<Header> =
  Header extends Signature<GroupOf<infer Results>, never> ? Results[number] : EachSlotOf<ResultOf<Item<Header>>>

type EachSlotOf<Result> = unknown extends Result
  ? Result
  : Result extends GroupOf<infer Results>
    ? Results[number]
    : Result

type Item<Header> = Header extends readonly (infer Member)[]
  ? Member
  : Header extends AsyncIterable<infer Member> | Iterable<infer Member>
    ? Member
    : never
