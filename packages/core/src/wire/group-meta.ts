import type { Value } from '../backend/value.ts'
import type { Codec } from './codec.ts'
import { decodeResultTuple, encodeResultTuple, type ResultNode } from './result-tuple.ts'
import { isRecord, unreadable } from './unreadable.ts'

/** The document that is kept under a group's key: its members, and nothing else. */
export function encodeGroupMeta(node: ResultNode, codec: Codec): Value {
  return codec.encode({ result: encodeResultTuple(node) })
}

export function decodeGroupMeta(value: Value, codec: Codec): ResultNode {
  const document = codec.decode(value)
  if (!isRecord(document) || document['result'] === undefined) throw unreadable('A group document must have a result')
  const node = decodeResultTuple(document['result'])
  if (node.members === undefined) throw unreadable('A group document must hold a group')
  return node
}
