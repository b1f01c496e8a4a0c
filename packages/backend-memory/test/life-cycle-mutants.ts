import { BackendError, wrap } from '@arpeggio/core'
import type { Mutant } from './mutants.ts'

/** Rules of disposal and failure. */
export const lifeCycleMutants: readonly Mutant[] = [
  {
    name: 'a disposed backend goes on working',
    caughtBy: ['after disposal every operation rejects with code disposed'],
    change: (backend) => wrap(backend, { [Symbol.asyncDispose]: async () => {} }),
  },
  {
    name: 'a disposed backend rejects with an error of no code',
    caughtBy: ['after disposal every operation rejects with code disposed'],
    change: (backend) =>
      wrap(backend, {
        get: (key, options) =>
          backend.get(key, options).catch((error: unknown) => {
            throw new Error('It did not work', { cause: error })
          }),
      }),
  },
  {
    name: 'a second disposal rejects',
    caughtBy: ['a backend may be disposed twice, also at once'],
    change: (backend) => {
      let count = 0
      return wrap(backend, {
        [Symbol.asyncDispose]: async () => {
          if (count++ > 0) throw new BackendError('disposed', 'The backend was closed')
        },
      })
    },
  },
  {
    name: 'signals are ignored',
    caughtBy: ['an aborted signal rejects every operation with code aborted'],
    change: (backend) => wrap(backend, { get: (key) => backend.get(key), set: (write) => backend.set(write) }),
  },
  {
    name: 'a failure is thrown, not a rejection',
    caughtBy: ['an aborted signal rejects every operation with code aborted'],
    change: (backend) =>
      wrap(backend, {
        get: (key, options) => {
          options?.signal?.throwIfAborted()
          return backend.get(key, options)
        },
      }),
  },
  {
    name: 'listeners stay on the signals of callers',
    caughtBy: ['a signal that is never aborted changes nothing and keeps no listener'],
    change: (backend) =>
      wrap(backend, {
        get: (key, options) => {
          options?.signal?.addEventListener('abort', () => {})
          return backend.get(key, options)
        },
      }),
  },
  {
    name: 'the address shows the password',
    caughtBy: ['asUri tells an address, and masks the password unless it is asked for'],
    change: (backend) => wrap(backend, { asUri: () => 'memory://user:secret@here' }),
  },
  {
    name: 'every error is safe to retry',
    caughtBy: ['exceptionSafeToRetry answers true or false for anything'],
    change: (backend) => wrap(backend, { exceptionSafeToRetry: () => true }),
  },
]
