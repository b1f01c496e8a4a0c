import { freeze } from '../canvas/freeze.ts'
import type { Frozen } from '../canvas/frozen.ts'
import { group } from '../canvas/group.ts'
import type { MessageOptions } from '../canvas/messages.ts'
import type { ResultRecorder } from '../canvas/publisher.ts'
import { signatureFromData } from '../canvas/signature-from-data.ts'
import type { AnySignature } from '../canvas/signature.ts'
import type { ResultNode } from '../wire/result-tuple.ts'
import type { TaskRequest } from '../wire/task-request.ts'

/** Publishes what follows a success: the callbacks, then the next step of the chain. Resolves to what was spawned. */
export async function publishFollowers(
  request: TaskRequest,
  result: unknown,
  recorder: ResultRecorder,
): Promise<readonly ResultNode[]> {
  const followers = [...callbacks(request, inherited(request, result)), ...nextStep(request, result)]
  await recorder.start(followers)
  return followers.map(({ root }) => root)
}

// As Celery does: groups among several callbacks start by themselves, all others together as one group.
function callbacks({ callbacks: list = [] }: TaskRequest, options: MessageOptions): readonly Frozen[] {
  const signatures: readonly AnySignature[] = list.map(signatureFromData)
  if (signatures.length < 2) return signatures.map((signature) => freeze(signature, options))
  const groups = signatures.filter(({ kind }) => kind === 'group')
  const others = signatures.filter(({ kind }) => kind !== 'group')
  return [...groups, ...(others.length > 0 ? [group(others)] : [])].map((signature) => freeze(signature, options))
}

/** What starts the next step of a chain, if there is one: under the same ids each time. */
export function nextStep(request: TaskRequest, result: unknown): readonly Frozen[] {
  const { chain = [] } = request
  const next = chain.at(-1)
  if (next === undefined) return []
  return [freeze(signatureFromData(next), { ...inherited(request, result), chain: chain.slice(0, -1) })]
}

function inherited({ id, rootId = id, priority }: TaskRequest, result: unknown): MessageOptions {
  return { args: [result], rootId, parentId: id, ...(priority === undefined ? {} : { priority }) }
}
