import type { ExceptionData } from '../wire/exceptions.ts'

/** How one slot of a chord's header ended, as a body with the policy `collect` or `atLeast` receives it. */
export type Settled<T> = SettledSuccess<T> | SettledFailure | SettledMissing

export interface SettledSuccess<T> {
  readonly taskId: string
  readonly status: 'SUCCESS'
  readonly result: T
}

export interface SettledFailure {
  readonly taskId: string
  readonly status: 'FAILURE' | 'REVOKED'
  readonly error: ExceptionData
}

/** Had not ended when the chord's deadline came. */
export interface SettledMissing {
  readonly taskId: string
  readonly status: 'PENDING'
}
