import type { ResultNode } from '../wire/result-tuple.ts'
import type { TaskMessage } from '../wire/task-request.ts'
import { withIds } from './ids.ts'
import { messagesOf, type MessageOptions } from './messages.ts'
import type { Signature } from './signature.ts'

export interface FreezeOptions extends MessageOptions {
  /** Default: a random UUID, unless the signature has one. */
  readonly taskId?: string
}

/** A call with every id fixed: what to publish, and where the results will be. */
export interface Frozen {
  readonly messages: readonly TaskMessage[]
  readonly root: ResultNode
}

/** Gives every task of a signature its id, and writes the messages that start it. */
export function freeze(signature: Signature<unknown, never>, options: FreezeOptions = {}): Frozen {
  const { taskId, ...rest } = options
  const { signature: named, node } = withIds(signature, taskId === undefined ? {} : { task_id: taskId })
  return { messages: messagesOf(named, rest), root: node }
}
