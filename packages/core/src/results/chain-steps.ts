import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'
import type { TaskRequest } from '../wire/task-request.ts'

/**
 * The requests of every step that will not run because an earlier one failed: the steps that are left, the body of a
 * chord among them, and, so that nobody waits for them in vain, the members of a group.
 */
export function remainingSteps(request: TaskRequest | undefined): readonly TaskRequest[] {
  const requests: TaskRequest[] = []
  const walk: unknown[] = (request?.chain ?? []).toReversed()
  for (let next = walk.shift(); next !== undefined; next = walk.shift()) {
    const step = decodeSignatureData(next)
    walk.push(...inner(step))
    const stepRequest = requestOf(step)
    if (stepRequest !== undefined) requests.push(stepRequest)
  }
  return requests
}

function inner({ subtask_type: type, kwargs }: SignatureData): readonly unknown[] {
  if (type === 'chord') return kwargs['body'] ? [kwargs['body']] : []
  const tasks: unknown = type === 'group' || type === 'chain' ? kwargs['tasks'] : undefined
  return Array.isArray(tasks) ? tasks : []
}

/** What the step's message would have said; nothing for a step without an id. */
function requestOf({ task, args, kwargs, options }: SignatureData): TaskRequest | undefined {
  const { task_id: id, group_id: group, parent_id: parentId, root_id: rootId, group_index: groupIndex } = options
  if (typeof id !== 'string' || id === '') return undefined
  return {
    id,
    task,
    args,
    kwargs,
    retries: 0,
    ...(typeof group === 'string' ? { group } : {}),
    ...(typeof groupIndex === 'number' ? { groupIndex } : {}),
    ...(typeof parentId === 'string' ? { parentId } : {}),
    ...(typeof rootId === 'string' ? { rootId } : {}),
  }
}
