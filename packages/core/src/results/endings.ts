import type { Value } from '../backend/value.ts'
import { type SlotEntry, textOf } from '../chords/slot-entry.ts'
import type { Codec } from '../wire/codec.ts'
import { expanded } from '../wire/compressed.ts'
import { decodeJson, JsonEntries } from '../wire/json.ts'
import { READY_STATES } from '../wire/states.ts'
import { stateOf } from '../wire/task-meta.ts'
import { isRecord } from '../wire/unreadable.ts'

/** What a stored document says of a task that has ended, encoded as it is there; nothing for any other. */
export function endingOf(taskId: string, value: Value, codec: Codec): SlotEntry | undefined {
  const head = stateOf(value)
  if (head !== undefined && !READY_STATES.has(head)) return undefined
  const [state, result] = stateAndResult(value, codec)
  return typeof state === 'string' && READY_STATES.has(state) ? { taskId, state, value: result ?? null } : undefined
}

// Losslessly where that is possible: it is written again.
function stateAndResult(value: Value, codec: Codec): readonly [state: unknown, result: unknown] {
  if (codec.name !== 'json') {
    const document = codec.decode(value)
    return isRecord(document) ? [document['status'], document['result']] : [undefined, undefined]
  }
  const document = decodeJson(textOf(expanded(value)), { mode: 'lossless' })
  if (isRecord(document) && !(document instanceof JsonEntries)) return [document['status'], document['result']]
  const fields = new Map(document instanceof JsonEntries ? document.entries : [])
  return [fields.get('status'), fields.get('result')]
}
