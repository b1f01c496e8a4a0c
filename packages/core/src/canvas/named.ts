import type { ResultNode } from '../wire/result-tuple.ts'
import type { ChordShape } from './frozen.ts'
import type { AnySignature } from './signature.ts'
import { chordOptionsOf } from './wire-chord-options.ts'

// What can be told of a signature whose ids are all fixed.

/** The id of what it results in: a chain's is its last step's, a chord's is its body's. */
export function idOf(signature: AnySignature): string {
  const end = endOf(signature)
  const id = end === undefined ? signature.options['task_id'] : idOf(end)
  if (typeof id !== 'string' || id === '') throw new TypeError('The id of a task must be text')
  return id
}

/** Where its results will be. */
export function nodeOf(signature: AnySignature): ResultNode {
  if (signature.kind === 'task') return { id: idOf(signature) }
  if (signature.kind === 'group') return { id: idOf(signature), members: signature.tasks.map(nodeOf) }
  if (signature.kind === 'chord') return below(nodeOf(bodyOf(signature)), headerNode(signature))
  const [first, ...following] = signature.tasks.map(nodeOf)
  if (first === undefined) throw new TypeError('A chain needs at least one step')
  return following.reduce((parent, node) => below(node, parent), first)
}

/** The tasks with whose ends it has ended. */
export function endsOf(signature: AnySignature): readonly string[] {
  const ends: string[] = []
  collectEnds(signature, ends)
  return ends
}

/** What its value is made of. */
export function shapeOf(signature: AnySignature): 1 | ChordShape {
  if (signature.kind === 'group') return signature.tasks.map(shapeOf)
  const end = endOf(signature)
  return end === undefined ? 1 : shapeOf(end)
}

/** The name of the task that it starts with. */
export function firstTaskOf(signature: AnySignature): string {
  const [first = signature.body] = signature.tasks
  return first === undefined ? signature.task : firstTaskOf(first)
}

/** The id of a chord itself, which is not that of its body. */
export function chordIdOf(chord: AnySignature): string {
  const { id } = chordOptionsOf(chord)
  if (id === undefined) throw new TypeError('A chord needs an id')
  return id
}

export function bodyOf(chord: AnySignature): AnySignature {
  if (chord.body === undefined) throw new TypeError('A chord needs a body')
  return chord.body
}

function headerNode(chord: AnySignature): ResultNode {
  return { id: chordIdOf(chord), members: chord.tasks.map(nodeOf) }
}

// What follows another has it as the parent of its own first step.
function below(node: ResultNode, parent: ResultNode): ResultNode {
  return { ...node, parent: node.parent === undefined ? parent : below(node.parent, parent) }
}

// Only chains and chords end with something else than themselves.
function endOf(signature: AnySignature): AnySignature | undefined {
  return signature.kind === 'chain' ? signature.tasks.at(-1) : signature.body
}

function collectEnds(signature: AnySignature, into: string[]): void {
  const end = endOf(signature)
  if (end !== undefined) collectEnds(end, into)
  else if (signature.kind === 'group') for (const member of signature.tasks) collectEnds(member, into)
  else into.push(idOf(signature))
}
