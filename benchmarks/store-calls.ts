import { type Backend, wrap } from '@arpeggio/core'

export interface StoreCalls {
  all: number
  deletes: number
}

/** A backend whose calls are counted. */
export function counting(backend: Backend): { readonly backend: Backend; readonly calls: Readonly<StoreCalls> } {
  const calls: StoreCalls = { all: 0, deletes: 0 }
  const count = <T>(answer: T): T => {
    calls.all += 1
    return answer
  }
  const { bulk, presence, guard, clock } = backend
  const counted = wrap(backend, {
    get: (key, options) => count(backend.get(key, options)),
    mget: (keys, options) => count(backend.mget(keys, options)),
    set: (write, options) => count(backend.set(write, options)),
    delete: (keys, options) => {
      calls.deletes += 1
      return count(backend.delete(keys, options))
    },
    bulk: bulk && { set: (writes, options) => count(bulk.set(writes, options)) },
    presence: presence && { exists: (keys, options) => count(presence.exists(keys, options)) },
    guard: guard && { set: (write, options) => count(guard.set(write, options)) },
    clock: clock && { now: (options) => count(clock.now(options)) },
  })
  return { backend: counted, calls }
}
