import { randomUUID } from 'node:crypto'
import type { AnySignature } from '../canvas/signature.ts'
import { encodeResultTuple, type ResultNode } from '../wire/result-tuple.ts'
import type { TaskMessage } from '../wire/task-request.ts'

export interface ChordUnlockOptions {
  /** How often the task looks whether the header has ended. Default: the worker's setting. */
  readonly intervalSeconds?: number
  /** Default: no end. */
  readonly maxRetries?: number
}

/** Celery's own task that waits for a header and then sends the body. `group` is the header. */
export function chordUnlock(group: ResultNode, body: AnySignature, options: ChordUnlockOptions = {}): TaskMessage {
  const { intervalSeconds = null, maxRetries = null } = options
  const own = { task_id: randomUUID(), ...body.options, group_id: group.id }
  const { queue, priority } = body.options
  const id = randomUUID()
  return {
    id,
    task: 'celery.chord_unlock',
    args: [group.id, body.with({ options: own }).toData()],
    kwargs: {
      interval: intervalSeconds,
      max_retries: maxRetries,
      result: (group.members ?? []).map(encodeResultTuple),
    },
    rootId: id,
    countdownSeconds: 1,
    ignoreResult: true,
    priority: typeof priority === 'number' ? priority : 0,
    ...(typeof queue === 'string' ? { queue } : {}),
  }
}
