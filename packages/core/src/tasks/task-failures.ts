import { TaskError } from '../wire/exceptions.ts'
import { pythonRepr } from '../wire/python-repr.ts'
import type { TaskMessage } from '../wire/task-request.ts'

/** Thrown by a task that wants to be run again. */
export class Retry extends Error {
  override readonly name = 'Retry'
  readonly countdownSeconds: number | undefined
  readonly maxRetries: number | null | undefined

  constructor(
    options: { readonly cause?: unknown; readonly countdownSeconds?: number; readonly maxRetries?: number | null } = {},
  ) {
    super('The task asks to be run again', 'cause' in options ? { cause: options.cause } : undefined)
    this.countdownSeconds = options.countdownSeconds
    this.maxRetries = options.maxRetries
  }
}

/** Thrown by a task whose outcome must not be stored. */
export class Ignore extends Error {
  override readonly name = 'Ignore'
}

/** Thrown by a task that does not want the message: back into the queue, or a failure. */
export class Reject extends TaskError {
  override readonly name = 'Reject'
  readonly requeue: boolean

  constructor(reason: string, options: { readonly requeue?: boolean } = {}) {
    const requeue = options.requeue ?? false
    super({ excType: 'Reject', excModule: 'celery.exceptions', excArgs: [reason, requeue] })
    this.requeue = requeue
  }
}

/** The failure of a message whose task nobody here knows. */
export function notRegistered(name: string): TaskError {
  return new TaskError({ excType: 'NotRegistered', excModule: 'celery.exceptions', excArgs: [name] })
}

/** The failure of a task whose result cannot be stored. */
export function encodeFailure(cause: Error): TaskError {
  return new TaskError({ excType: 'EncodeError', excModule: 'kombu.exceptions', excArgs: [cause.message], cause })
}

/** The failure of a task that asks once too often and does not say why. */
export function retriesExceeded({ task, id, args, kwargs }: TaskMessage): TaskError {
  const message = `Can't retry ${task}[${id}] args:${pythonRepr(args)} kwargs:${pythonRepr(kwargs)}`
  return new TaskError({ excType: 'MaxRetriesExceededError', excModule: 'celery.exceptions', excArgs: [message] })
}
