import type { ResultNode } from '../wire/result-tuple.ts'
import type { SignatureData } from '../wire/signature-data.ts'
import type { TaskMessage } from '../wire/task-request.ts'
import type { ChordOptions } from './chord-options.ts'

/** A call with every id fixed: what to start, and where the results will be. */
export interface Frozen {
  /** Those outside any chord. */
  readonly messages: readonly TaskMessage[]
  /** Those that start now, outer before inner. A chord that follows a step is started when that step has ended. */
  readonly chords: readonly FrozenChord[]
  readonly root: ResultNode
}

/**
 * How the slots of a chord make up the value of its body: for each member of the header 1 when it has one slot, or,
 * when its value is a list, what the list is made of.
 */
export type ChordShape = readonly (1 | ChordShape)[]

/** Members of a chord's header with every id fixed. */
export interface FrozenHeader {
  /** The task that fills each slot, in slot order. */
  readonly headerIds: readonly string[]
  /** Absent when every member has exactly one slot. */
  readonly shape?: ChordShape
  /** What starts these members; those of chords among them are in `chords`. */
  readonly messages: readonly TaskMessage[]
  /** Chords among the members, outer before inner. */
  readonly chords: readonly FrozenChord[]
  /** Where the results of the members will be. */
  readonly members: readonly ResultNode[]
}

/** A chord's body with every id fixed. */
export interface FrozenBody {
  readonly id: string
  /** Its own place in an outer chord is in its options. */
  readonly body: SignatureData
  /** The tasks with whose ends the body has ended: one, or several when it ends in a group. */
  readonly bodyIds: readonly string[]
  /** Where the body's result will be. */
  readonly node: ResultNode
  readonly options: ChordOptions
}

/** A chord with every id fixed. */
export interface FrozenChord extends Pick<FrozenHeader, 'headerIds' | 'shape' | 'messages'>, Omit<FrozenBody, 'node'> {
  /** The body's result; its parent is the header's group. */
  readonly root: ResultNode
}
