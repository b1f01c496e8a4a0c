export type { SqliteBackendOptions } from './options.ts'
export { sqliteAdapter } from './sqlite-adapter.ts'
export { SqliteBackend } from './sqlite-backend.ts'
