import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Backend,
  type CallOptions,
  type Key,
  type SetOutcome,
  type Stored,
  type Value,
  type Version,
  wrap,
  type Write,
} from '@arpeggio/core'

export function asText(value: Value): string {
  return typeof value === 'string' ? value : new TextDecoder().decode(value)
}

/** A write that has lost its condition or its expiry. */
export function without(member: 'if' | 'expiresInSeconds', write: Write): Write {
  const { if: condition, expiresInSeconds, ...rest } = write
  if (member === 'if') return expiresInSeconds === undefined ? rest : { ...rest, expiresInSeconds }
  return condition === undefined ? rest : { ...rest, if: condition }
}

export function withWholeBuffer(write: Write): Write {
  return typeof write.value === 'string' ? write : { ...write, value: new Uint8Array(write.value.buffer) }
}

/** Looks first and writes later, as if nobody else could come between. */
export async function checkThenSet(backend: Backend, write: Write, options?: CallOptions): Promise<SetOutcome> {
  const { if: condition } = write
  const stored = await backend.get(write.key, options)
  await nextTurn()
  if (condition !== undefined && condition !== (stored?.version ?? 'absent')) return { written: false }
  return backend.set(without('if', write), options)
}

/** Maps keys before they reach the store, and not injectively. */
export function renaming(backend: Backend, rename: (key: Key) => Key): Backend {
  return wrap(backend, {
    get: (key, options) => backend.get(rename(key), options),
    mget: (keys, options) => backend.mget(keys.map(rename), options),
    set: (write, options) => backend.set({ ...write, key: rename(write.key) }, options),
    delete: (keys, options) => backend.delete(keys.map(rename), options),
  })
}

/** Hands out the bytes that it keeps. */
export function sharingValues(backend: Backend): Backend {
  const kept = new Map<Key, Value>()
  return wrap(backend, {
    set: (write, options) => {
      kept.set(write.key, write.value)
      return backend.set(write, options)
    },
    get: async (key, options) => {
      const stored = await backend.get(key, options)
      return stored && { ...stored, value: kept.get(key) ?? stored.value }
    },
  })
}

const counts = new Map<Key, { readonly told: Version; readonly real: Version }>()

/** Counts the versions of each key on its own, from one, for all handles, and forgets the count with the key. */
export function recounting(backend: Backend): Backend {
  return wrap(backend, {
    get: async (key, options) => telling(key, await backend.get(key, options)),
    mget: async (keys, options) =>
      (await backend.mget(keys, options)).map((stored, index) => telling(keys[index] ?? '', stored)),
    set: async (write, options) => {
      const count = counts.get(write.key)
      const condition = count !== undefined && write.if === count.told ? count.real : write.if
      const outcome = await backend.set(
        { ...without('if', write), ...(condition !== undefined && { if: condition }) },
        options,
      )
      if (!outcome.written) return outcome
      const told = `${Number(count?.told ?? 0) + 1}`
      counts.set(write.key, { told, real: outcome.version })
      return { written: true, version: told }
    },
    delete: async (keys, options) => {
      for (const key of keys) counts.delete(key)
      return backend.delete(keys, options)
    },
  })
}

function telling(key: Key, stored: Stored | undefined): Stored | undefined {
  const count = counts.get(key)
  return stored && count?.real === stored.version ? { ...stored, version: count.told } : stored
}
