import type { TaskMessage } from '../wire/task-request.ts'
import type { ChordShape, FrozenBody, FrozenChord, FrozenHeader } from './frozen.ts'
import { messageOf, type MessageOptions } from './messages.ts'
import { bodyOf, chordIdOf, endsOf, nodeOf, shapeOf } from './named.ts'
import type { AnySignature } from './signature.ts'
import { chordOptionsOf } from './wire-chord-options.ts'

/** Collects what starts a call. */
export interface Start {
  readonly messages: TaskMessage[]
  readonly chords: FrozenChord[]
}

/** Adds what starts a signature whose ids are fixed. */
export function start(signature: AnySignature, options: MessageOptions, into: Start): void {
  if (signature.kind === 'task') into.messages.push(messageOf(signature, options))
  else if (signature.kind === 'chord') startChord(signature, options, into)
  else if (signature.kind === 'chain') startChain(signature, options, into)
  else startAll(signature.tasks, { ...options, inherited: without(signature.options, ['task_id']) }, into)
}

/** What starts members of a chord's header whose ids are fixed. */
export function frozenHeader(members: readonly AnySignature[], options: MessageOptions): FrozenHeader {
  const into: Start = { messages: [], chords: [] }
  startAll(members, { ...options, inherited: {} }, into)
  return { ...slotsOf(members), ...into, members: members.map(nodeOf) }
}

/** A chord's body whose ids are fixed, as it is kept until the header has ended. */
export function frozenBody(
  body: AnySignature,
  inherited: Options,
  options: MessageOptions,
): Pick<FrozenBody, 'body' | 'bodyIds'> {
  const { rootId, parentId, priority } = options
  const origin = present({ root_id: rootId, parent_id: parentId })
  const kept = body.with({ options: { ...present({ priority }), ...body.options, ...inherited, ...origin } })
  return { body: kept.toData(), bodyIds: endsOf(body) }
}

type Options = Readonly<Record<string, unknown>>

interface Inheriting extends MessageOptions {
  /** Options of the whole, which go before those of a member. */
  readonly inherited: Options
}

function startAll(members: readonly AnySignature[], { inherited, ...options }: Inheriting, into: Start): void {
  for (const member of members) start(inherit(member, inherited), options, into)
}

function startChain(chain: AnySignature, options: MessageOptions, into: Start): void {
  const [first, ...rest] = chain.tasks
  if (first === undefined) throw new TypeError('A chain needs at least one step')
  const following = rest.map((step) => step.toData()).toReversed()
  start(inherit(first, chain.options), { ...options, chain: [...(options.chain ?? []), ...following] }, into)
}

// Nothing follows a chord: what did is in its body.
function startChord(chord: AnySignature, options: MessageOptions, into: Start): void {
  const messages: TaskMessage[] = []
  const { id: __, ...chordOptions } = chordOptionsOf(chord)
  into.chords.push({
    id: chordIdOf(chord),
    ...slotsOf(chord.tasks),
    ...frozenBody(bodyOf(chord), without(chord.options, NOT_THE_BODYS), options),
    root: nodeOf(chord),
    options: chordOptions,
    messages,
  })
  const inherited = without(chord.options, NOT_THE_HEADERS)
  startAll(chord.tasks, { ...options, inherited }, { messages, chords: into.chords })
}

// The place of a chord is its body's already; a delay is for its beginning, a callback for its end.
const PLACE = ['task_id', 'group_id', 'group_index', 'chord', 'body_of', 'arpeggio_chord']
const NOT_THE_BODYS = [...PLACE, 'countdown']
const NOT_THE_HEADERS = [...PLACE, 'link', 'link_error', 'ignore_result']

function slotsOf(members: readonly AnySignature[]): Pick<FrozenHeader, 'headerIds' | 'shape'> {
  const shape: ChordShape = members.map(shapeOf)
  const headerIds = members.flatMap(endsOf)
  return shape.every((part) => part === 1) ? { headerIds } : { headerIds, shape }
}

function inherit(signature: AnySignature, options: Options): AnySignature {
  if (Object.keys(options).length === 0) return signature
  return signature.with({ options: { ...signature.options, ...options } })
}

function without(options: Options, names: readonly string[]): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)))
}

function present(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
