import type { ExceptionRegistry } from '../wire/exceptions.ts'
import type { State } from '../wire/states.ts'
import type { TaskMeta } from '../wire/task-meta.ts'
import type { TaskMessage, TaskRequest } from '../wire/task-request.ts'
import type { Frozen } from './frozen.ts'

/** What brings task messages to whoever runs them. */
export interface Publisher {
  /** Whether messages survive this process. */
  readonly durable: boolean

  /**
   * Must resolve only when the queue holds every message, durably where `durable` is true, and must honour their
   * `countdownSeconds`. May be called again with the same ids.
   */
  publish(messages: readonly TaskMessage[], options?: PublishOptions): Promise<void>

  /** Says that Celery's workers run some of what is published. Absent where they do not. */
  readonly peers?: 'celery'

  /** Hands over what a queue needs that runs tasks itself. Absent where tasks run elsewhere. */
  bind?(recorder: ResultRecorder): void

  /** Lets go of what the publisher holds. */
  close?(): Promise<void>
}

export interface PublishOptions {
  readonly signal?: AbortSignal
}

/** The part of `Results` that running a task needs. What the promises resolve to is not looked at. */
export interface ResultRecorder {
  readonly exceptions: ExceptionRegistry
  markAsStarted(id: string, meta: unknown, options?: RecordOptions): Promise<unknown>
  markAsDone(id: string, result: unknown, options?: OutcomeOptions): Promise<unknown>
  /** Must also give the failure to the steps of `request.chain` and publish `request.errbacks`. */
  markAsFailure(id: string, error: unknown, options?: FailureOptions): Promise<unknown>
  markAsRetry(id: string, error: unknown, options?: TracedOptions): Promise<unknown>
  markAsRevoked(id: string, reason: string, options?: OutcomeOptions): Promise<unknown>
  updateState(id: string, state: string, meta: unknown, options?: RecordOptions): Promise<unknown>
  getTaskMeta(id: string): Promise<TaskMeta>
  publish(messages: readonly TaskMessage[], options?: PublishOptions): Promise<void>
  /** Starts chords and publishes messages. Must resolve only when both are as safe as the publisher makes them. */
  start(frozen: readonly Frozen[], options?: PublishOptions): Promise<void>
  /** Records how a part of a chord ended. Does nothing for a request that is none. */
  onChordPartReturn(request: TaskRequest, state: State, result: unknown): Promise<unknown>
  /** What a body is called with: a reference to the results of its header becomes something to read them from. */
  bodyArgs(request: TaskRequest): readonly unknown[]
  /** Hears from a queue that a message has been dealt with and will not come again, whatever became of its task. */
  messageEnded(message: TaskMessage): Promise<unknown>
  /** Hears from a queue that a message will not come again although nobody knows what became of its task. */
  messageLost(message: TaskMessage): Promise<unknown>
}

export interface RecordOptions {
  readonly request?: TaskRequest
}

export interface OutcomeOptions extends RecordOptions {
  /** `false` for an ignored result: nothing is stored. */
  readonly storeResult?: boolean
  readonly state?: string
}

export interface TracedOptions extends RecordOptions {
  readonly traceback?: string
}

export interface FailureOptions extends OutcomeOptions, TracedOptions {
  readonly callErrbacks?: boolean
}
