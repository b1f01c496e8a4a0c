import { PROPAGATE_STATES } from '../wire/states.ts'
import type { TaskMeta } from '../wire/task-meta.ts'
import { TaskError } from '../wire/exceptions.ts'

/** The error of a task that failed or was revoked; nothing for any other state. */
export function failureOf(meta: TaskMeta): Error | undefined {
  if (!PROPAGATE_STATES.has(meta.status)) return undefined
  if (meta.result instanceof Error) return meta.result
  return new TaskError({ excType: 'Exception', excModule: 'builtins', excArgs: [meta.result], taskId: meta.taskId })
}

/** The same document. Throws the error of a task that failed or was revoked. */
export function unlessFailed(meta: TaskMeta): TaskMeta {
  const failure = failureOf(meta)
  if (failure !== undefined) throw failure
  return meta
}
