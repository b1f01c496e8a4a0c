import type { Backend, BackendLimits } from '../backend/backend.ts'
import { BackendError } from '../backend/backend-error.ts'
import type { SetOutcome } from '../backend/value.ts'

const limits: BackendLimits = {
  maxValueBytes: Infinity,
  maxKeyBytes: Infinity,
  maxBatchKeys: Infinity,
  expiryPrecisionSeconds: 0,
  writesPerSecondPerKey: Infinity,
  pollFloorMs: 1_000,
}

/** A backend for applications that want no results: it drops what is stored and rejects every read with `unsupported`. */
export function disabledBackend(): Backend {
  return new DisabledBackend()
}

class DisabledBackend implements Backend {
  readonly specVersion = 1
  readonly name = 'disabled'
  readonly limits = limits

  get(): Promise<never> {
    return refuse()
  }

  mget(): Promise<never> {
    return refuse()
  }

  set(): Promise<SetOutcome> {
    return Promise.resolve({ written: true, version: '' })
  }

  delete(): Promise<void> {
    return Promise.resolve()
  }

  exceptionSafeToRetry(): boolean {
    return false
  }

  asUri(): string {
    return 'disabled://'
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

function refuse(): Promise<never> {
  const reason = 'no result backend is configured, so nothing can be read: give Results a backend that stores'
  return Promise.reject(new BackendError('unsupported', reason))
}
