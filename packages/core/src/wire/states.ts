/** Celery's states and any other string; a custom state is neither ready nor unready. */
export type State = string

export const READY_STATES: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'REVOKED'])
export const UNREADY_STATES: ReadonlySet<string> = new Set(['PENDING', 'RECEIVED', 'STARTED', 'REJECTED', 'RETRY'])
/** States whose result is an encoded exception. */
export const EXCEPTION_STATES: ReadonlySet<string> = new Set(['RETRY', 'FAILURE', 'REVOKED'])
/** States that make whoever waits for the task fail. */
export const PROPAGATE_STATES: ReadonlySet<string> = new Set(['FAILURE', 'REVOKED'])
export const ALL_STATES: ReadonlySet<string> = new Set([
  'PENDING',
  'RECEIVED',
  'STARTED',
  'SUCCESS',
  'FAILURE',
  'RETRY',
  'REVOKED',
])

/** `strict` lets no late writer undo an ending; `celery` protects SUCCESS alone, as Celery does. */
export type PrecedenceRule = 'strict' | 'celery'

const CELERY_KEEPS = ['SUCCESS'] as const
const STRICT_KEEPS = {
  SUCCESS: ['SUCCESS'],
  FAILURE: ['FAILURE', 'SUCCESS'],
  REVOKED: ['FAILURE', 'REVOKED', 'SUCCESS'],
} as const
const STRICT_KEEPS_OVER_UNREADY = ['FAILURE', 'REVOKED', 'SUCCESS'] as const

/** The states of a stored document that a write of `next` must not replace. */
export function keptStates(next: State, rule: PrecedenceRule): readonly string[] {
  if (rule === 'celery') return CELERY_KEEPS
  return next === 'SUCCESS' || next === 'FAILURE' || next === 'REVOKED' ? STRICT_KEEPS[next] : STRICT_KEEPS_OVER_UNREADY
}

/** Whether a document in state `stored` gives way to one in state `next`; `undefined` means that nothing is stored. */
export function mayReplace(stored: State | undefined, next: State, rule: PrecedenceRule): boolean {
  return stored === undefined || !keptStates(next, rule).includes(stored)
}

// Highest first; every state that is not listed ranks between FAILURE and REVOKED.
const PRECEDENCE = ['SUCCESS', 'FAILURE', undefined, 'REVOKED', 'STARTED', 'RECEIVED', 'REJECTED', 'RETRY', 'PENDING']

/** Celery's order for display: positive when `a` outranks `b`. Writes are judged by `mayReplace`, not by this. */
export function comparePrecedence(a: State, b: State): number {
  return rank(b) - rank(a)
}

function rank(state: State): number {
  const index = PRECEDENCE.indexOf(state)
  return index === -1 ? PRECEDENCE.indexOf(undefined) : index
}
