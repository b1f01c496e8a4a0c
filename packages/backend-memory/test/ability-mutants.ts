import { setTimeout as delay } from 'node:timers/promises'
import { type Backend, BackendError, type Key, stateOf, wrap } from '@arpeggio/core'
import type { MemoryBackend } from '../src/index.ts'
import type { Mutant } from './mutants.ts'
import { without } from './mutations.ts'

/** Rules of the optional members but notifications. */
export const abilityMutants: readonly Mutant[] = [
  {
    name: 'presence counts what has expired',
    caughtBy: ['presence counts neither what has expired nor what was deleted'],
    change: (backend) => {
      const everWritten = remembering(backend)
      return wrap(everWritten.backend, {
        presence: { exists: async (keys) => keys.map((key) => everWritten.keys.has(key)) },
      })
    },
  },
  {
    name: 'presence tells the keys that exist, in its own order',
    caughtBy: ['presence answers in the order of the keys, also for keys named twice and for none'],
    change: (backend) =>
      wrap(backend, {
        presence: { exists: async (keys) => (await backend.presence.exists(keys)).toReversed() },
      }),
  },
  {
    name: 'presence is answered from a cache',
    caughtBy: ['presence sees what another handle wrote'],
    change: (backend) => {
      const everWritten = remembering(backend)
      return wrap(everWritten.backend, {
        presence: {
          exists: async (keys, options) =>
            (await backend.presence.exists(keys, options)).map(
              (is, index) => is && everWritten.keys.has(keys[index] ?? ''),
            ),
        },
      })
    },
  },
  {
    name: 'bulk fails as a whole when one write does not happen',
    caughtBy: ['bulk judges each condition by itself, and one that does not hold fails no other write'],
    change: (backend) =>
      wrap(backend, {
        bulk: {
          set: async (writes, options) => {
            const outcomes = await backend.bulk.set(writes, options)
            if (outcomes.every((outcome) => 'written' in outcome && outcome.written)) return outcomes
            throw new BackendError('conflict', 'One of the writes did not happen')
          },
        },
      }),
  },
  {
    name: 'bulk stops at the first write that does not happen',
    caughtBy: ['bulk lets the other writes happen when the store refuses one'],
    change: (backend) =>
      wrap(backend, {
        bulk: {
          set: async (writes, options) => {
            const outcomes = await Promise.all(writes.slice(0, 1).map((write) => backend.set(write, options)))
            for (const write of writes.slice(1)) {
              const isStopped = outcomes.some((outcome) => !outcome.written)
              outcomes.push(isStopped ? { written: false } : await backend.set(write, options))
            }
            return outcomes
          },
        },
      }),
  },
  {
    name: 'bulk answers in another order',
    caughtBy: ['bulk judges each condition by itself, and one that does not hold fails no other write'],
    change: (backend) =>
      wrap(backend, {
        bulk: {
          set: async (writes, options) => {
            const [first, ...rest] = await backend.bulk.set(writes, options)
            return first ? [...rest, first] : []
          },
        },
      }),
  },
  {
    name: 'bulk ignores expiries',
    caughtBy: ['bulk gives each write its own expiry and takes the old one away'],
    change: (backend) =>
      wrap(backend, {
        bulk: {
          set: (writes, options) =>
            backend.bulk.set(
              writes.map((write) => without('expiresInSeconds', write)),
              options,
            ),
        },
      }),
  },
  {
    name: 'the guard writes whatever is there',
    caughtBy: [
      'a guarded write keeps the states that it is to keep, and answers with what is there',
      'of many guarded writes and a final one, the final one stays',
      'every pair of states ends as the table says',
      'with the precedence of Celery a success alone stays',
    ],
    change: (backend) => wrap(backend, { guard: { set: (write) => backend.guard.set({ ...write, keep: [] }) } }),
  },
  {
    name: 'the guard keeps what it cannot decide',
    caughtBy: ['a guarded write answers undecided and writes nothing when the head does not tell the state'],
    change: (backend) =>
      wrap(backend, {
        guard: {
          set: async (write, options) => {
            const answer = await backend.guard.set(write, options)
            return answer.outcome === 'undecided' ? { ...answer, outcome: 'kept' } : answer
          },
        },
      }),
  },
  {
    name: 'the guard takes the beginning of a state for the state',
    caughtBy: ['a guarded write takes a state for no other that begins like it'],
    change: (backend) =>
      wrap(backend, {
        guard: {
          set: async (write, options) => {
            const stored = await backend.get(write.key)
            const state = stored && stateOf(stored.value)
            const isKept = state !== undefined && write.keep.some((kept) => state.startsWith(kept))
            return stored && isKept ? { outcome: 'kept', stored } : backend.guard.set(write, options)
          },
        },
      }),
  },
  {
    name: 'the guard looks first and writes later',
    caughtBy: ['of many guarded writes and a final one, the final one stays'],
    change: (backend) =>
      wrap(backend, {
        guard: {
          set: async (write, options) => {
            const stored = await backend.get(write.key)
            await delay(1)
            if (stored && write.keep.includes(stateOf(stored.value) ?? '')) return { outcome: 'kept', stored }
            return backend.guard.set({ ...write, keep: [] }, options)
          },
        },
      }),
  },
  {
    name: 'the revision never differs',
    caughtBy: ['the revision differs after a write of this handle, of another one, and after a delete'],
    change: (backend) => wrap(backend, { revision: { get: async () => '1' } }),
  },
  {
    name: 'the revision counts the writes of this process alone',
    caughtBy: ['the revision differs after a write of this handle, of another one, and after a delete'],
    change: (backend) => {
      let count = 0
      return wrap(backend, {
        set: (write, options) => {
          count++
          return backend.set(write, options)
        },
        revision: { get: async () => `${count}` },
      })
    },
  },
  {
    name: 'scan lists what has expired',
    caughtBy: ['scan lists nothing that has expired'],
    change: (backend) => {
      const everWritten = remembering(backend)
      return wrap(everWritten.backend, {
        scan: { keys: async (prefix) => ({ keys: [...everWritten.keys].filter((key) => key.startsWith(prefix)) }) },
      })
    },
  },
  {
    name: 'scan goes by numbers of rows, which deletes move',
    caughtBy: ['scan lists a key that was there all the time, whatever else is written and deleted meanwhile'],
    change: (backend) =>
      wrap(backend, {
        scan: {
          keys: async (prefix, { limit = 1000, cursor = '0' } = {}) => {
            const { keys } = await backend.scan.keys(prefix)
            const end = Number(cursor) + limit
            return { keys: keys.slice(Number(cursor), end), ...(end < keys.length && { cursor: `${end}` }) }
          },
        },
      }),
  },
  {
    name: 'scan takes a prefix for a pattern',
    caughtBy: ['scan takes the letters of a prefix as they are'],
    change: (backend) =>
      wrap(backend, {
        scan: {
          keys: async (prefix) => {
            const { keys } = await backend.scan.keys(prefix.replace(/[%_*].*$/, ''))
            const pattern = new RegExp(`^${prefix.replaceAll(/[.?\\[\]]/g, String.raw`\$&`).replaceAll(/[%_*]/g, '.')}`)
            return { keys: keys.filter((key) => pattern.test(key)) }
          },
        },
      }),
  },
  {
    name: 'cleanup removes values that live',
    caughtBy: ['cleanup removes no more than its limit at once, ends, and touches nothing that lives'],
    change: (backend) =>
      wrap(backend, {
        cleanup: {
          run: async (options) => {
            const { keys } = await backend.scan.keys('')
            const expiring = keys.filter((_, index) => index === 0)
            await backend.delete(expiring)
            return backend.cleanup.run(options)
          },
        },
      }),
  },
  {
    name: 'cleanup ignores its limit',
    caughtBy: ['cleanup removes no more than its limit at once, ends, and touches nothing that lives'],
    change: (backend) =>
      wrap(backend, { cleanup: { run: (options) => backend.cleanup.run({ ...options, limit: Infinity }) } }),
  },
  {
    name: 'the clock of the store is an hour off',
    caughtBy: ['the clock of the store goes forward and agrees with the expiries it tells'],
    change: (backend) => wrap(backend, { clock: { now: async () => new Date(Date.now() + 3_600_000_000) } }),
  },
]

/** Remembers the keys that were written through it and not deleted. */
function remembering(backend: MemoryBackend): { readonly backend: Backend; readonly keys: ReadonlySet<Key> } {
  const keys = new Set<Key>()
  const remembers = wrap(backend, {
    set: (write, options) => {
      keys.add(write.key)
      return backend.set(write, options)
    },
    delete: (gone, options) => {
      for (const key of gone) keys.delete(key)
      return backend.delete(gone, options)
    },
  })
  return { backend: remembers, keys }
}
