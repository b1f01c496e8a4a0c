import type { SignatureData } from '../wire/signature-data.ts'
import type { Frozen } from './frozen.ts'
import { randomIds } from './id-source.ts'
import { withIds } from './ids.ts'
import { joined, joinedSteps } from './joined-steps.ts'
import type { MessageOptions } from './messages.ts'
import { nodeOf } from './named.ts'
import type { AnySignature, Signature } from './signature.ts'
import { signatureFromData } from './signature-from-data.ts'
import { start, type Start } from './start.ts'

export interface FreezeOptions extends MessageOptions {
  /** Default: a random UUID, unless the signature has one. */
  readonly taskId?: string
}

/** Gives every task of a signature its id, and writes the messages and chords that start it. */
export function freeze(signature: Signature<unknown, never>, options: FreezeOptions = {}): Frozen {
  const { taskId, chain = [], ...rest } = options
  const continued = chain.length === 0 ? undefined : followedBy(signature, chain)
  const named = withIds(continued ?? signature, { ids: randomIds, taskId })
  const into: Start = { messages: [], chords: [] }
  start(named, { ...rest, chain: continued === undefined ? chain : [] }, into)
  return { ...into, root: nodeOf(named) }
}

// A task's message can carry what follows. A group or chord that starts at once has to take it in.
function followedBy(signature: AnySignature, chain: readonly SignatureData[]): AnySignature | undefined {
  const [first, second] = joinedSteps([signature])
  if (first === undefined || first.kind === 'task' || second !== undefined) return undefined
  return joined([signature, ...chain.toReversed().map(signatureFromData)])
}
