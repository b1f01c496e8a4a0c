import { type Backend, type ChangeStream, type Key, wrap } from '../../src/index.ts'
import type { MapBackend } from '../map-backend.ts'

export interface StreamHooks {
  readonly open?: () => void | Promise<void>
  readonly beforeSubscribe?: () => void | Promise<void>
  readonly subscribed?: () => void | Promise<void>
  readonly unsubscribed?: (keys: readonly Key[]) => void | Promise<void>
}

/** The map's stream with something between its steps; refuses what the contract rules out. */
export function hooked(map: MapBackend, hooks: StreamHooks): Backend {
  return wrap(map, {
    revision: undefined,
    notifications: {
      open: async (listener) => {
        await hooks.open?.()
        const stream = await map.notifications.open(listener)
        return strict(stream, hooks)
      },
    },
  })
}

function strict(stream: ChangeStream, hooks: StreamHooks): ChangeStream {
  const held = new Set<Key>()
  return {
    subscribe: async (keys) => {
      for (const key of keys) {
        if (held.has(key)) throw new Error(`${key} was subscribed to twice`)
        held.add(key)
      }
      await hooks.beforeSubscribe?.()
      await stream.subscribe(keys)
      await hooks.subscribed?.()
    },
    unsubscribe: async (keys) => {
      await stream.unsubscribe(keys)
      await hooks.unsubscribed?.(keys)
      for (const key of keys) held.delete(key)
    },
    [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
  }
}
