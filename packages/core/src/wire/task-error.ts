import { tupleRepr } from './python-repr.ts'

/** What is known of a task's failure. */
export interface TaskErrorDetails {
  /** The exception's class, as the worker that ran the task names it. */
  readonly excType: string
  /** The module of that class; empty when none was stored. */
  readonly excModule: string
  /** The arguments that the exception was made with. */
  readonly excArgs: readonly unknown[]
  readonly traceback?: string
  readonly taskId?: string
  readonly cause?: unknown
}

/** The failure of a task, as it was stored. */
export class TaskError extends Error {
  override readonly name: string = 'TaskError'
  readonly excType: string
  readonly excModule: string
  readonly excArgs: readonly unknown[]
  readonly traceback?: string
  readonly taskId?: string

  constructor(details: TaskErrorDetails) {
    super(messageOf(details), 'cause' in details ? { cause: details.cause } : undefined)
    this.excType = details.excType
    this.excModule = details.excModule
    this.excArgs = details.excArgs
    if (details.traceback !== undefined) this.traceback = details.traceback
    if (details.taskId !== undefined) this.taskId = details.taskId
  }
}

/** A chord whose header failed, so that its body cannot run. */
export class ChordError extends TaskError {
  override readonly name = 'ChordError'

  constructor(reason: string | TaskErrorDetails) {
    super(typeof reason === 'string' ? celeryError('ChordError', reason) : reason)
  }
}

/** A task that was called off: revoked, expired or terminated. */
export class TaskRevokedError extends TaskError {
  override readonly name = 'TaskRevokedError'

  constructor(reason: string | TaskErrorDetails) {
    super(typeof reason === 'string' ? celeryError('TaskRevokedError', reason) : reason)
  }
}

function celeryError(excType: string, reason: string): TaskErrorDetails {
  return { excType, excModule: 'celery.exceptions', excArgs: [reason] }
}

/** As Python prints an exception: one argument as it is, several as a tuple. */
function messageOf({ excType, excArgs }: TaskErrorDetails): string {
  if (excArgs.length === 0) return excType
  const [first] = excArgs
  return `${excType}: ${excArgs.length === 1 && typeof first === 'string' ? first : argsText(excArgs)}`
}

function argsText(args: readonly unknown[]): string {
  return args.length === 1 ? tupleRepr(args).slice(1, -2) : tupleRepr(args)
}
