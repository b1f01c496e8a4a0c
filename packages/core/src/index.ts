// For applications.
export { AsyncResult, type AsyncResultOptions, type Dependency, type TaskOutcome } from './results/async-result.ts'
export { disabledBackend } from './results/disabled-backend.ts'
export { EagerResult, type EagerResultParts } from './results/eager-result.ts'
export { GroupResult, ResultSet, type GroupStore } from './results/group-result.ts'
export type { Adapter } from './results/open.ts'
export type { StoreOptions, StoreOutcome } from './results/recording.ts'
export type { AnyResult, ReadOptions, ResultSource, WaitForOptions } from './results/result-source.ts'
export { Results, type Applied, type OpenOptions } from './results/results.ts'
export type { ChordInspection, MissingSlot } from './chords/chord-inspection.ts'
export type { Firing, PartOutcome, Peers } from './chords/chord-ledger.ts'
export type { Added, ChordState, Decision, Lease, Reason } from './chords/chord-record.ts'
export type { SweepReport } from './chords/chord-sweep.ts'
export { ChordOperations } from './results/chord-operations.ts'
export type { ChordUnlockOptions } from './results/chord-unlock.ts'
export { chordUnlockTask, type ChordUnlockTaskOptions } from './results/chord-unlock-task.ts'
export type { ConnectionFailure, EnsureOptions, RetryPolicy } from './store/retry.ts'
export type { Scheduler } from './store/scheduler.ts'
export type { ResultsOptions } from './results/settings.ts'
export type { SchemaResult, StandardSchema } from './results/standard-schema.ts'
export type { Operation, TraceContext } from './results/tracing.ts'
export type { WaitingCounts, WaitOptions } from './results/waiting/waiting.ts'

// Running tasks.
export { executeTask, type ExecuteOptions, type Outcome } from './tasks/execute-task.ts'
export { LocalQueue, type LocalQueueOptions } from './tasks/local-queue.ts'
export { Ignore, Reject, Retry } from './tasks/task-failures.ts'

// Naming calls to tasks.
export { chain } from './canvas/chain.ts'
export { chord } from './canvas/chord.ts'
export type { ChordOptions, ChordPolicy } from './canvas/chord-options.ts'
export type { ChordResults } from './canvas/chord-results.ts'
export { freeze, type FreezeOptions } from './canvas/freeze.ts'
export type { ChordShape, Frozen, FrozenBody, FrozenChord, FrozenHeader } from './canvas/frozen.ts'
export { group, type MemberResults, type ResultOf } from './canvas/group.ts'
export type {
  FailureOptions,
  OutcomeOptions,
  Publisher,
  PublishOptions,
  RecordOptions,
  ResultRecorder,
  TracedOptions,
} from './canvas/publisher.ts'
export type { Settled, SettledFailure, SettledMissing, SettledSuccess } from './canvas/settled.ts'
export { StreamedChord } from './canvas/streamed-chord.ts'
export type {
  BodyFor,
  BodyParameter,
  BodyResult,
  Chorded,
  ChordHeader,
  HeaderResults,
  ValueOf,
} from './canvas/chord-types.ts'
export { signatureFromData } from './canvas/signature-from-data.ts'
export {
  Signature,
  type AnySignature,
  type GroupOf,
  type GroupSignature,
  type SignatureKind,
  type SignatureOptions,
  type SignatureParts,
} from './canvas/signature.ts'
export type { RetryOptions, TaskContext } from './canvas/task-context.ts'
export { Task, task, type RunnableTask, type TaskOptions } from './canvas/task.ts'

// Celery's formats, as pure functions.
export { codecs, jsonCodec, type Codec } from './wire/codec.ts'
export {
  ChordError,
  decodeException,
  encodeException,
  ExceptionRegistry,
  TaskError,
  TaskRevokedError,
  tracebackOf,
  type DecodeExceptionContext,
  type ExceptionData,
  type ExceptionEntry,
  type TaskErrorDetails,
} from './wire/exceptions.ts'
export { decodeGroupMeta, encodeGroupMeta } from './wire/group-meta.ts'
export {
  Decimal,
  decodeJson,
  encodeJson,
  float,
  JsonEntries,
  PyDate,
  PyFloat,
  PyTime,
  Uuid,
  type DecodeOptions,
  type EncodeOptions,
} from './wire/json.ts'
export { Keys } from './wire/keys.ts'
export { decodeMessage, encodeMessage, type WireMessage } from './wire/message.ts'
export { pythonRepr } from './wire/python-repr.ts'
export { decodeResultTuple, encodeResultTuple, type ResultNode, taskIdsOf } from './wire/result-tuple.ts'
export { decodeSignatureData, isSignatureData, signatureData, type SignatureData } from './wire/signature-data.ts'
export {
  ALL_STATES,
  comparePrecedence,
  EXCEPTION_STATES,
  keptStates,
  mayReplace,
  PROPAGATE_STATES,
  READY_STATES,
  UNREADY_STATES,
  type PrecedenceRule,
  type State,
} from './wire/states.ts'
export {
  buildTaskMeta,
  decodeTaskMeta,
  encodeTaskMeta,
  stateOf,
  type DecodeMetaContext,
  type TaskMeta,
  type TaskMetaInput,
} from './wire/task-meta.ts'
export type { DeliveryInfo, TaskMessage, TaskRequest } from './wire/task-request.ts'

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
export type {
  ChordLedger,
  ChordLedgerFactory,
  Claim,
  EntriesOptions,
  LedgerContext,
  LedgerReader,
  LedgerSettings,
  Look,
  OwnLedger,
  Part,
  Place,
  Recorded,
  StoredPart,
} from './chords/chord-ledger.ts'
export type { ChordRecord, Held } from './chords/chord-record.ts'
export { decodePeerHeader, type PeerBeginning, type PeerHeader, peerChordRecord } from './chords/peer-chord.ts'
export type { Fold } from './chords/fold.ts'
export type { SlotEntry } from './chords/slot-entry.ts'
export { ChordKeys } from './chords/chord-keys.ts'
export { claimedBy } from './chords/stamped-records.ts'
export { BackendError, type BackendErrorCode } from './backend/backend-error.ts'
export type { CallOptions, Key, SetOutcome, Stored, Value, Version, Write } from './backend/value.ts'
export { wrap, type BackendOverrides } from './backend/wrap.ts'
