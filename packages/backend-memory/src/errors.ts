import { BackendError } from '@arpeggio/core'

/** Every reason why memory can refuse: there is no client whose errors would need translating. */
export function refusal(disposed: boolean, signal: AbortSignal | undefined): BackendError | undefined {
  if (disposed) return new BackendError('disposed', 'The memory backend was closed')
  if (signal?.aborted === true) {
    return new BackendError('aborted', 'The operation was aborted', { cause: signal.reason })
  }
  return undefined
}

export function streamClosed(): BackendError {
  return new BackendError('disposed', 'The stream of changes was closed')
}
