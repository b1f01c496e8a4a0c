import assert from 'node:assert/strict'
import { BackendError, type BackendErrorCode, type Results } from '@arpeggio/core'
import { eventually } from './eventually.ts'

/** A predicate for `assert.rejects`. */
export function isError(...codes: readonly BackendErrorCode[]): (error: unknown) => boolean {
  return (error) => BackendError.is(error, ...codes)
}

/** That no wait holds anything any more. */
export async function assertNothingLeft(results: Results): Promise<void> {
  await eventually(1000, () => {
    assert.deepEqual(results.waits, { waiters: 0, ids: 0, subscriptions: 0, timers: 0 })
  })
}
