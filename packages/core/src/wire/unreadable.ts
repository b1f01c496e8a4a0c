import { BackendError } from '../backend/backend-error.ts'

/** For stored data that cannot be decoded, or must not be. */
export function unreadable(message: string, cause?: unknown): BackendError {
  return new BackendError('unreadable', message, cause === undefined ? undefined : { cause })
}

/** Foreign data that is an object with keys, not an array or a value. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
