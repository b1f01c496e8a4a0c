import type { Adapter } from '@arpeggio/core'
import { MemoryBackend } from './memory-backend.ts'

/** Opens `memory://`: each time a store of its own, which ends with the process. */
export const memoryAdapter: Adapter = {
  schemes: ['memory'],
  package: '@arpeggio/backend-memory',
  open: async () => new MemoryBackend(),
}
