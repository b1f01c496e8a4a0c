import { type ChordShape, decodeGroupMeta, jsonCodec, type ResultNode, taskIdsOf, type Value } from '@arpeggio/core'

/** A header as Celery keeps it: its tasks in their order, and which of them were groups. */
export interface PeerHeader {
  readonly taskIds: readonly string[]
  readonly shape: ChordShape
}

export function headerIn(stored: Value): PeerHeader {
  const { members = [] } = decodeGroupMeta(stored, jsonCodec)
  return { taskIds: members.flatMap(taskIdsOf), shape: members.map(shapeOf) }
}

function shapeOf({ members }: ResultNode): 1 | ChordShape {
  return members === undefined ? 1 : members.map(shapeOf)
}
