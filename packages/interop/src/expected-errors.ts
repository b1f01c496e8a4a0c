import { BackendError, TaskError } from '@arpeggio/core'

// For `assert.rejects`.

export function isUnreadable(error: unknown): boolean {
  return BackendError.is(error, 'unreadable')
}

export function isNotFound(error: unknown): boolean {
  return BackendError.is(error, 'not-found')
}

/** Whether it is the failure of a task by an exception of that class. */
export function isFailure(excType: string): (error: unknown) => boolean {
  return (error) => error instanceof TaskError && error.excType === excType
}
