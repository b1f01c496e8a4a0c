import type { Harness } from '@arpeggio/conformance'
import type { Backend } from '@arpeggio/core'
import { MemoryBackend, MemoryStore } from '../src/index.ts'

/** All that memory can do, on a clock that the kit turns. `change` wraps every backend that is opened. */
export function memoryHarness(change: (backend: MemoryBackend) => Backend = (backend) => backend): Harness {
  let elapsedMs = 0
  const stores = new WeakMap<object, MemoryStore>()
  const open = (store: MemoryStore): Backend => {
    const backend = change(new MemoryBackend({ store }))
    stores.set(backend, store)
    return backend
  }
  return {
    name: 'memory',
    lacks: {
      chords: 'core counts parts with keys that are created if absent',
      check: 'memory needs nothing that could be missing',
    },
    open: async () => open(new MemoryStore({ clock: () => Date.now() + elapsedMs })),
    openAnother: async (first) => open(stores.get(first) ?? new MemoryStore()),
    gap: async (backend, during) => stores.get(backend)?.interruptNotifications(during),
    advance: (seconds) => void (elapsedMs += seconds * 1000),
  }
}
