import { BackendError } from '../backend/backend-error.ts'
import type { CallOptions } from '../backend/value.ts'
import { freeze } from '../canvas/freeze.ts'
import { group } from '../canvas/group.ts'
import type { FailureOptions, OutcomeOptions, Publisher, RecordOptions, TracedOptions } from '../canvas/publisher.ts'
import { signatureFromData } from '../canvas/signature-from-data.ts'
import { TaskRevokedError, tracebackOf, encodeException } from '../wire/exceptions.ts'
import { encodeResultTuple } from '../wire/result-tuple.ts'
import { EXCEPTION_STATES, PROPAGATE_STATES, type State } from '../wire/states.ts'
import { buildTaskMeta, type TaskMeta } from '../wire/task-meta.ts'
import type { TaskMessage, TaskRequest } from '../wire/task-request.ts'
import { AsyncResult } from './async-result.ts'
import { remainingSteps } from './chain-steps.ts'
import type { DocumentStore } from './document-store.ts'
import { GroupResult } from './group-result.ts'
import { Progress } from './progress.ts'
import { expiryOf } from './settings.ts'
import { traced } from './tracing.ts'
import type { Waiting } from './waiting/waiting.ts'

/** What became of a result: it was stored as `result` says, or what was there already takes precedence. */
export type StoreOutcome =
  | { readonly written: true; readonly result: unknown }
  | { readonly written: false; readonly stored: TaskMeta }

export interface StoreOptions extends CallOptions {
  readonly traceback?: string | null | undefined
  readonly request?: TaskRequest | undefined
  /** Default: that of the `Results`. `null` or 0: for ever. */
  readonly expiresInSeconds?: number | null | undefined
}

/** Everything that stores what happened to a task. */
export class Recording {
  readonly #store: DocumentStore
  readonly #waiting: Waiting
  readonly #publisher: Publisher | undefined
  readonly #progress: Progress

  constructor(store: DocumentStore, waiting: Waiting, publisher: Publisher | undefined) {
    this.#store = store
    this.#waiting = waiting
    this.#publisher = publisher
    this.#progress = new Progress(store.backend.limits)
  }

  storeResult(id: string, result: unknown, state: State, options: StoreOptions = {}): Promise<StoreOutcome> {
    const describe = () => ({ backend: this.#store.backend.name, taskId: id, state })
    return traced('storeResult', describe, () => {
      this.#progress.supersede(id)
      return this.#put(id, result, { ...options, state })
    })
  }

  updateState(id: string, state: State, meta: unknown, options: StoreOptions = {}): Promise<void> {
    const describe = () => ({ backend: this.#store.backend.name, taskId: id, state })
    return traced('updateState', describe, () =>
      this.#progress.update(id, async () => {
        await this.#put(id, meta, { ...options, state })
      }),
    )
  }

  markAsStarted(id: string, meta: unknown, options: RecordOptions = {}): Promise<StoreOutcome> {
    return this.storeResult(id, meta, 'STARTED', options)
  }

  async markAsDone(id: string, result: unknown, options: OutcomeOptions = {}): Promise<StoreOutcome | undefined> {
    const { request, storeResult = true, state = 'SUCCESS' } = options
    if (!storeResult || request?.ignoreResult === true) return undefined
    return this.storeResult(id, result, state, { request })
  }

  /** Stores the failure, gives it to every step that will not run now, and publishes the error callbacks. */
  async markAsFailure(id: string, error: unknown, options: FailureOptions = {}): Promise<StoreOutcome | undefined> {
    const { request, storeResult = true, state = 'FAILURE', traceback = tracebackOf(error) } = options
    const failed = { error: failure(error), state, traceback }
    const outcome = storeResult ? await this.#fail(id, request, failed) : undefined
    // A redelivered copy failed after the task had succeeded: what follows from the success has been started already.
    if (hasSucceeded(outcome)) return outcome
    if (storeResult) await this.#failSteps(request, failed)
    if (options.callErrbacks !== false) await this.#publishErrbacks(id, request)
    return outcome
  }

  /** Records an error without a request, as Celery's `fail_from_current_stack` does. */
  async failFromError(id: string, error: unknown): Promise<StoreOutcome | undefined> {
    return this.markAsFailure(id, error, { callErrbacks: false })
  }

  markAsRetry(id: string, error: unknown, options: TracedOptions = {}): Promise<StoreOutcome> {
    const cause = error === undefined || error === null ? null : failure(error)
    return this.storeResult(id, cause, 'RETRY', options)
  }

  async markAsRevoked(id: string, reason: string, options: OutcomeOptions = {}): Promise<StoreOutcome | undefined> {
    const { request, storeResult = true, state = 'REVOKED' } = options
    return storeResult ? this.storeResult(id, new TaskRevokedError(reason), state, { request }) : undefined
  }

  async publish(messages: readonly TaskMessage[], options?: CallOptions): Promise<void> {
    if (messages.length === 0) return
    const publisher = this.#publisher
    if (publisher === undefined) {
      throw new BackendError('misconfigured', 'there is no publisher to start tasks with: pass one to Results')
    }
    const describe = () => ({ backend: this.#store.backend.name, count: messages.length })
    await traced('publish', describe, () => publisher.publish(messages, options))
  }

  /** What is stored for a result: handles as Celery's tuples, errors of exception states as Celery writes them. */
  encodeResult(result: unknown, state: State): unknown {
    if (result instanceof AsyncResult || result instanceof GroupResult) return encodeResultTuple(result.toNode())
    if (result instanceof Error && EXCEPTION_STATES.has(state)) {
      return encodeException(result, this.#store.settings.exceptions)
    }
    return result ?? null
  }

  flush(): Promise<void> {
    return this.#progress.flush()
  }

  async #put(id: string, result: unknown, options: StoreOptions & { readonly state: State }): Promise<StoreOutcome> {
    const { state, expiresInSeconds, signal } = options
    const store = this.#store
    const key = store.taskKey(id)
    const document = buildTaskMeta({
      id,
      state,
      traceback: options.traceback,
      request: options.request,
      result: this.encodeResult(result, state),
      extended: store.settings.extended,
    })
    const value = store.encode(document)
    const seconds = expiresInSeconds === undefined ? store.settings.expiresInSeconds : expiryOf(expiresInSeconds)
    const write = { id, key, value, state, expiresInSeconds: seconds }
    const kept = await store.put(write, signal === undefined ? undefined : { signal })
    if (kept !== undefined) return { written: false, stored: store.decode(id, kept.value) }
    // Decoding for nobody would double the cost of storing.
    if (this.#waiting.counts.ids > 0) this.#waiting.stored(id, store.decode(id, value))
    return { written: true, result: document['result'] }
  }

  #fail(id: string, request: TaskRequest | undefined, { error, state, traceback }: Failed): Promise<StoreOutcome> {
    return this.storeResult(id, error, state, { request, traceback })
  }

  async #failSteps(request: TaskRequest | undefined, failed: Failed): Promise<void> {
    if (!PROPAGATE_STATES.has(failed.state)) return
    await Promise.all(remainingSteps(request).map((step) => this.#fail(step.id, step, failed)))
  }

  /** Old style: whoever runs an errback elsewhere cannot be asked how many arguments it takes, so it gets the id alone. */
  async #publishErrbacks(id: string, request: TaskRequest | undefined): Promise<void> {
    const errbacks = (request?.errbacks ?? []).map((data) => signatureFromData(data))
    if (errbacks.length === 0) return
    const { messages } = freeze(group(errbacks), { args: [id], parentId: id, rootId: request?.rootId ?? id })
    await this.publish(messages)
  }
}

function hasSucceeded(outcome: StoreOutcome | undefined): boolean {
  return outcome?.written === false && outcome.stored.status === 'SUCCESS'
}

interface Failed {
  readonly error: Error
  readonly state: State
  readonly traceback: string
}

/** Whatever was thrown, as an error: only errors are encoded as such. */
function failure(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
