import {
  type ChordRecord,
  type ChordShape,
  decodeGroupMeta,
  jsonCodec,
  type ResultNode,
  taskIdsOf,
} from '@arpeggio/core'
import { type Reply, textOf } from '../client.ts'

/** What Celery keeps of a header with groups in it: which task comes where. Parts of one group have one slot in the count. */
export interface PeerHeader {
  readonly taskIds: readonly string[]
  readonly shape: ChordShape
}

/** Only of chords that a peer began: of ours the record says it. */
export function mayHaveHeader({ state, sealedSize }: ChordRecord): boolean {
  return state === 'dispatching' && sealedSize === undefined
}

export function headerOf(stored: Reply): PeerHeader | undefined {
  if (stored === null) return undefined
  const { members = [] } = decodeGroupMeta(textOf(stored), jsonCodec)
  return { taskIds: members.flatMap(taskIdsOf), shape: members.map(shapeOf) }
}

function shapeOf({ members }: ResultNode): 1 | ChordShape {
  return members === undefined ? 1 : members.map(shapeOf)
}
