import { posix } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Backend, BackendError, type Key, type Stored, wrap } from '@arpeggio/core'
import type { MemoryBackend } from '../src/index.ts'
import { asText, checkThenSet, recounting, renaming, sharingValues, without, withWholeBuffer } from './mutations.ts'

/** A memory backend that breaks one rule, and the cases that are there to notice. */
export interface Mutant {
  readonly name: string
  readonly caughtBy: readonly string[]
  readonly change: (backend: MemoryBackend) => Backend
}

/** Rules of reading, storing, expiry and concurrency. */
export const mutants: readonly Mutant[] = [
  {
    name: 'get rejects for a missing key',
    caughtBy: ['get resolves to undefined for a key that was never written'],
    change: (backend) =>
      wrap(backend, {
        get: async (key) => (await backend.get(key)) ?? Promise.reject(new BackendError('not-found', 'Nothing there')),
      }),
  },
  {
    name: 'mget answers a key named twice once',
    caughtBy: ['mget answers a key named twice twice'],
    change: (backend) => wrap(backend, { mget: (keys, options) => backend.mget([...new Set(keys)], options) }),
  },
  {
    name: 'mget answers in the order of the store',
    caughtBy: ['mget answers in the order of the keys, with undefined for what is not there'],
    change: (backend) => wrap(backend, { mget: (keys, options) => backend.mget(keys.toSorted(), options) }),
  },
  {
    name: 'mget leaves out what is missing',
    caughtBy: ['mget answers in the order of the keys, with undefined for what is not there'],
    change: (backend) =>
      wrap(backend, { mget: async (keys, options) => (await backend.mget(keys, options)).filter((entry) => entry) }),
  },
  {
    name: 'mget reads a hundred keys at most',
    caughtBy: ['mget takes as many keys as the limits say'],
    change: (backend) => wrap(backend, { mget: (keys, options) => backend.mget(keys.slice(0, 100), options) }),
  },
  {
    name: 'bytes pass through text',
    caughtBy: ['bytes come back whole, all 256 of them'],
    change: (backend) =>
      wrap(backend, { set: (write, options) => backend.set({ ...write, value: asText(write.value) }, options) }),
  },
  {
    name: 'a view is written with the whole buffer behind it',
    caughtBy: ['a view into a larger buffer is written as the view alone'],
    change: (backend) => wrap(backend, { set: (write, options) => backend.set(withWholeBuffer(write), options) }),
  },
  {
    name: 'values are shared with callers',
    caughtBy: ['what a caller does to bytes afterwards does not reach the store'],
    change: sharingValues,
  },
  {
    name: 'conditions are ignored',
    caughtBy: [
      'set where absent writes only where there is nothing',
      'set over a version writes over that one alone',
      'of many writers that create one key, one does',
      'a part that another task returns in the place of is a conflict and changes nothing',
    ],
    change: (backend) => wrap(backend, { set: (write, options) => backend.set(without('if', write), options) }),
  },
  {
    name: 'a condition that does not hold rejects',
    caughtBy: ['set where absent writes only where there is nothing', 'set over a version writes over that one alone'],
    change: (backend) =>
      wrap(backend, {
        set: async (write, options) => {
          const outcome = await backend.set(write, options)
          return outcome.written ? outcome : Promise.reject(new BackendError('conflict', 'Somebody was faster'))
        },
      }),
  },
  {
    name: 'conditions are judged before the write, not with it',
    caughtBy: [
      'of many writers that create one key, one does',
      'of many writers over one version, one writes',
      'counting by reading and writing over the version loses no step',
      'many processes that sweep and finish parts at once fire one body',
      '[T-08] of two who give a chord different sizes one succeeds, and the other learns of the conflict',
    ],
    change: (backend) => wrap(backend, { set: (write, options) => checkThenSet(backend, write, options) }),
  },
  {
    name: 'a condition over a version holds where nothing is',
    caughtBy: ['set over a version does not write where nothing is'],
    change: (backend) =>
      wrap(backend, {
        set: async ({ if: condition, ...write }, options) => {
          const isThere = (await backend.get(write.key)) !== undefined
          return backend.set(isThere && condition !== undefined ? { ...write, if: condition } : write, options)
        },
      }),
  },
  {
    name: 'large values are written in two steps',
    caughtBy: ['a reader never sees half of a value'],
    change: (backend) =>
      wrap(backend, {
        set: async (write, options) => {
          if (write.if !== undefined || write.value.length < 1000) return backend.set(write, options)
          await backend.set({ ...write, value: write.value.slice(0, 500) }, options)
          await nextTurn()
          return backend.set(write, options)
        },
      }),
  },
  {
    name: 'deleting what is not there rejects',
    caughtBy: ['delete takes unknown keys, keys named twice, and none'],
    change: (backend) =>
      wrap(backend, {
        delete: async (keys, options) => {
          if ((await backend.mget(keys)).includes(undefined)) throw new BackendError('not-found', 'Nothing to delete')
          return backend.delete(keys, options)
        },
      }),
  },
  {
    name: 'delete removes the first key alone',
    caughtBy: [
      'delete removes keys and leaves the others',
      'values by reference stay until the body has run, and go then',
    ],
    change: (backend) => wrap(backend, { delete: (keys, options) => backend.delete(keys.slice(0, 1), options) }),
  },
  {
    name: 'versions count from one again after a delete',
    caughtBy: [
      'versions do not repeat after a delete',
      'a writer that slept through a delete does not write over what came after',
    ],
    change: recounting,
  },
  {
    name: 'keys are taken without regard to case',
    caughtBy: [
      'keys that look alike are different keys',
      'two chords whose ids differ by what separates the fields of keys do not touch each other',
    ],
    change: (backend) => renaming(backend, (key) => key.toLowerCase()),
  },
  {
    name: 'keys are normalised as paths',
    caughtBy: ['keys that look alike are different keys'],
    change: (backend) => renaming(backend, (key) => posix.normalize(key)),
  },
  {
    name: 'slashes in keys are escaped, percent signs are not',
    caughtBy: ['keys that look alike are different keys'],
    change: (backend) => renaming(backend, (key) => key.replaceAll('/', '%2F')),
  },
  {
    name: 'letters of keys are composed',
    caughtBy: ['keys that look alike are different keys'],
    change: (backend) => renaming(backend, (key) => key.normalize('NFC')),
  },
  {
    name: 'keys are cut off after 255 letters',
    caughtBy: ['a key may be as long as the limits say, and its last byte counts'],
    change: (backend) => renaming(backend, (key) => key.slice(0, 255)),
  },
  {
    name: 'values expire five seconds late',
    caughtBy: ['get and mget answer undefined for what has expired'],
    change: (backend) =>
      wrap(backend, {
        set: ({ expiresInSeconds, ...write }, options) =>
          backend.set({ ...write, ...(expiresInSeconds && { expiresInSeconds: expiresInSeconds + 5 }) }, options),
      }),
  },
  {
    name: 'values do not expire',
    caughtBy: [
      'get and mget answer undefined for what has expired',
      'an expired value counts as absent for a condition',
    ],
    change: (backend) =>
      wrap(backend, {
        bulk: undefined,
        set: (write, options) => backend.set(without('expiresInSeconds', write), options),
      }),
  },
  {
    name: 'conditional writes lose their expiry',
    caughtBy: ['everything that a chord leaves has an expiry, also when results are kept for ever'],
    change: (backend) =>
      wrap(backend, {
        bulk: undefined,
        set: (write, options) =>
          backend.set(write.if === undefined ? write : without('expiresInSeconds', write), options),
      }),
  },
  {
    name: 'an expired value counts as present for a condition',
    caughtBy: ['an expired value counts as absent for a condition'],
    change: (backend) => {
      const everWritten = new Set<Key>()
      return wrap(backend, {
        set: async (write, options) => {
          if (write.if === 'absent' && everWritten.has(write.key)) return { written: false }
          everWritten.add(write.key)
          return backend.set(write, options)
        },
      })
    },
  },
  {
    name: 'an expiry survives a write without one',
    caughtBy: ['an expiry does not survive a write without one'],
    change: (backend) => {
      const expiries = new Map<Key, number>()
      return wrap(backend, {
        set: (write, options) => {
          const expiresInSeconds = write.expiresInSeconds ?? expiries.get(write.key)
          if (expiresInSeconds === undefined) return backend.set(write, options)
          expiries.set(write.key, expiresInSeconds)
          return backend.set({ ...write, expiresInSeconds }, options)
        },
      })
    },
  },
  {
    name: 'reads are answered from a cache',
    caughtBy: ['a read that begins after the write of another handle resolved sees it'],
    change: (backend) => {
      const cache = new Map<Key, Stored>()
      return wrap(backend, {
        get: async (key, options) => {
          const stored = cache.get(key) ?? (await backend.get(key, options))
          if (stored !== undefined) cache.set(key, stored)
          return stored
        },
      })
    },
  },
  {
    name: 'writes resolve before they are done',
    caughtBy: [
      'get answers the text that was written',
      'of two writers that each create a key and then read the other one, at least one sees the other',
    ],
    change: (backend) =>
      wrap(backend, {
        set: async (write, options) => {
          void nextTurn()
            .then(() => backend.set(write, options))
            .catch(() => {})
          return { written: true, version: 'soon' }
        },
      }),
  },
]
