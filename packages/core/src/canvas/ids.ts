import { randomUUID } from 'node:crypto'
import type { ResultNode } from '../wire/result-tuple.ts'
import type { AnySignature } from './signature.ts'

/** Where a task stands, in the spelling of the wire. */
export interface Place {
  readonly task_id?: string
  readonly group_id?: string
  readonly group_index?: number
}

export interface Named {
  readonly signature: AnySignature
  readonly node: ResultNode
}

/** The same call with an id for each of its tasks. Ids that are there stay. */
export function withIds(signature: AnySignature, place: Place = {}): Named {
  if (signature.kind === 'group') return groupWithIds(signature, place)
  if (signature.kind === 'chain') return chainWithIds(signature, place)
  const options = { task_id: randomUUID(), ...place, ...signature.options }
  return { signature: signature.with({ options }), node: { id: idOf(options) } }
}

function groupWithIds(group: AnySignature, place: Place): Named {
  const options = { task_id: place.task_id ?? randomUUID(), ...group.options }
  const id = idOf(options)
  const members = group.tasks.map((member, index) => withIds(member, { group_id: id, group_index: index }))
  return {
    signature: group.with({ options, tasks: members.map(({ signature }) => signature) }),
    node: { id, members: members.map(({ node }) => node) },
  }
}

// The last step stands for the chain: it has the chain's id and its place in a group.
function chainWithIds(chain: AnySignature, place: Place): Named {
  const { task_id: own = place.task_id, ...options } = chain.options
  const end: Place = { ...place, ...(typeof own === 'string' ? { task_id: own } : {}) }
  const last = chain.tasks.length - 1
  const steps = chain.tasks.map((step, at) => withIds(step, at === last ? end : {}))
  const [first, ...following] = steps.map(({ node }) => node)
  if (first === undefined) throw new TypeError('A chain needs at least one step')
  return {
    signature: chain.with({ options, tasks: steps.map(({ signature }) => signature) }),
    node: following.reduce((parent, node): ResultNode => ({ ...node, parent }), first),
  }
}

function idOf(options: Readonly<Record<string, unknown>>): string {
  const id = options['task_id']
  if (typeof id !== 'string' || id === '') throw new TypeError('The id of a task must be text')
  return id
}
