import type { Frozen } from './frozen.ts'
import { withIds } from './ids.ts'
import { messagesOf, type MessageOptions } from './messages.ts'
import type { Signature } from './signature.ts'

export interface FreezeOptions extends MessageOptions {
  /** Default: a random UUID, unless the signature has one. */
  readonly taskId?: string
}

/** Gives every task of a signature its id, and writes the messages that start it. */
export function freeze(signature: Signature<unknown, never>, options: FreezeOptions = {}): Frozen {
  const { taskId, ...rest } = options
  const { signature: named, node } = withIds(signature, taskId === undefined ? {} : { task_id: taskId })
  return { messages: messagesOf(named, rest), chords: [], root: node }
}
