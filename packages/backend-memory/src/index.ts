export { memoryAdapter } from './memory-adapter.ts'
export { MemoryBackend } from './memory-backend.ts'
export { MemoryStore } from './memory-store.ts'
export type { MemoryBackendOptions } from './options.ts'
