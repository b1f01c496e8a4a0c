import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'
import type { TaskRequest } from '../wire/task-request.ts'

/**
 * The requests of every step that will not run because an earlier one failed: the steps that are left, the body of a
 * chord among them, and, so that nobody waits for them in vain, the members of a group.
 */
export function remainingSteps(request: TaskRequest | undefined): readonly TaskRequest[] {
  const requests: TaskRequest[] = []
  const walk: unknown[] = (request?.chain ?? []).toReversed()
  // What is inside a step comes behind all those found so far.
  for (const next of walk) {
    const step = decodeSignatureData(next)
    for (const part of inner(step)) walk.push(part)
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
  const { task_id: id, chord, group_index: groupIndex } = options
  if (typeof id !== 'string' || id === '') return undefined
  return {
    id,
    task,
    args,
    kwargs,
    retries: 0,
    ...texts({
      group: options['group_id'],
      parentId: options['parent_id'],
      rootId: options['root_id'],
      bodyOf: options['body_of'],
    }),
    ...(typeof groupIndex === 'number' ? { groupIndex } : {}),
    ...(chord ? { chord: decodeSignatureData(chord) } : {}),
  }
}

function texts(values: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
