// For implementors of a store.
export type {
  Backend,
  BackendLimits,
  Bulk,
  BulkOutcome,
  ChangeEvent,
  ChangeStream,
  Check,
  Cleanup,
  Clock,
  Finding,
  GuardedWrite,
  GuardOutcome,
  Notifications,
  Presence,
  Revision,
  Scan,
  ScanPage,
  StateGuard,
} from './backend/backend.ts'
export { BackendError, type BackendErrorCode } from './backend/backend-error.ts'
export type { CallOptions, Key, SetOutcome, Stored, Value, Version, Write } from './backend/value.ts'
export { wrap, type BackendOverrides } from './backend/wrap.ts'
