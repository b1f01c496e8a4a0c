import { signatureData, type SignatureData } from '../wire/signature-data.ts'
import { DerivedIds, type IdSource } from './id-source.ts'
import { joinedSteps } from './joined-steps.ts'
import { bodyOf, firstTaskOf, idOf } from './named.ts'
import type { AnySignature } from './signature.ts'
import { chordOptionsOf, wireChordOptions } from './wire-chord-options.ts'

type Options = Readonly<Record<string, unknown>>

/** Where a signature stands. Options are in the spelling of the wire. */
export interface Standing {
  readonly ids: IdSource
  /** The id of what it results in, unless it has one. */
  readonly taskId?: string | undefined
  /** What its last tasks say, unless they say something else. */
  readonly place?: Options | undefined
  /** What each of its last tasks must say; asked once for each, in order. */
  readonly slot?: (() => Options) | undefined
  /** The chord of whose body it is part. */
  readonly bodyOf?: string | undefined
}

/** The same call with an id for each of its tasks, groups and chords. Ids that are there stay. */
export function withIds(signature: AnySignature, at: Standing): AnySignature {
  if (signature.kind === 'group') return groupWithIds(signature, at)
  if (signature.kind === 'chain') return chainWithIds(signature, at)
  if (signature.kind === 'chord') return chordWithIds(signature, at)
  const { task_id: own = at.taskId ?? at.ids.ofTask(signature) } = signature.options
  const bodyOption = at.bodyOf === undefined ? {} : { body_of: at.bodyOf }
  const named = signature.with({
    options: { ...at.place, ...bodyOption, ...signature.options, task_id: own, ...at.slot?.() },
  })
  idOf(named)
  return named
}

export interface HeaderStanding {
  readonly ids: IdSource
  readonly chordId: string
  readonly stub: SignatureData
  /** The first free slot. */
  readonly slot: number
  /** How many members came before. */
  readonly member: number
}

/** Members of a chord's header with an id for each of their tasks, and a slot for each of their last ones. */
export function headerWithIds(members: readonly AnySignature[], at: HeaderStanding): readonly AnySignature[] {
  let next = at.slot
  const slot = (): Options => ({ group_id: at.chordId, group_index: next++, chord: at.stub })
  return members.map((member, index) => withIds(member, { ids: at.ids.child(at.member + index), slot }))
}

/** Stands for the body in the messages of the header's tasks, whose size must not depend on how chords are nested. */
export function stubOf(chordId: string, body: AnySignature): SignatureData {
  const options = { task_id: idOf(body), group_id: chordId, body_of: chordId }
  return signatureData({ task: firstTaskOf(body), options })
}

/** The body of a chord with an id for each of its tasks. */
export function bodyWithIds(body: AnySignature, chordId: string, at: Omit<Standing, 'ids'> = {}): AnySignature {
  const ids = new DerivedIds(chordId)
  const taskId = at.taskId ?? ids.named('body')
  const place = { group_id: chordId, ...at.place }
  return withIds(body, { ids: ids.child('body'), taskId, place, slot: at.slot, bodyOf: chordId })
}

// The last step stands for the chain: it has the chain's id and its place.
function chainWithIds(chain: AnySignature, at: Standing): AnySignature {
  const { task_id: own = at.taskId, ...options } = chain.options
  const steps = joinedSteps(chain.tasks)
  if (steps.length === 0) throw new TypeError('A chain needs at least one step')
  const tasks = steps.map((step, index) => {
    const ids = at.ids.child(index)
    if (index < steps.length - 1) return withIds(step, { ids, bodyOf: at.bodyOf })
    return withIds(step, { ...at, ids, taskId: typeof own === 'string' ? own : undefined })
  })
  return chain.with({ options, tasks })
}

function groupWithIds(group: AnySignature, at: Standing): AnySignature {
  const { task_id: id = at.taskId ?? at.ids.of('group') } = group.options
  const tasks = group.tasks.map((member, index) => {
    const place = { group_id: id, group_index: index }
    return withIds(member, { ...at, ids: at.ids.child(index), taskId: undefined, place })
  })
  const named = group.with({ options: { ...group.options, task_id: id }, tasks })
  idOf(named)
  return named
}

// The body stands for the chord: it has the chord's place.
function chordWithIds(chord: AnySignature, at: Standing): AnySignature {
  const given = chordOptionsOf(chord)
  const id = given.id ?? at.ids.of('chord')
  const body = bodyWithIds(bodyOf(chord), id, at)
  const header = { ids: new DerivedIds(id), chordId: id, stub: stubOf(id, body), slot: 0, member: 0 }
  const options = { ...chord.options, ...wireChordOptions({ ...given, id }) }
  return chord.with({ options, tasks: headerWithIds(chord.tasks, header), body })
}
