import { BackendError } from '../backend/backend-error.ts'
import type { CallOptions } from '../backend/value.ts'
import type { Frozen } from '../canvas/frozen.ts'
import { freeze } from '../canvas/freeze.ts'
import { group } from '../canvas/group.ts'
import type { FailureOptions, OutcomeOptions, Publisher, RecordOptions, TracedOptions } from '../canvas/publisher.ts'
import { signatureFromData } from '../canvas/signature-from-data.ts'
import { TaskRevokedError, tracebackOf, encodeException } from '../wire/exceptions.ts'
import type { BodyFailure } from '../chords/chord-host.ts'
import type { PartOutcome } from '../chords/chord-ledger.ts'
import type { Chords } from '../chords/chords.ts'
import type { PartReturn } from '../chords/part-return.ts'
import { encodeResultTuple } from '../wire/result-tuple.ts'
import { EXCEPTION_STATES, PROPAGATE_STATES, type State } from '../wire/states.ts'
import { buildTaskMeta, type TaskMeta } from '../wire/task-meta.ts'
import type { SignatureData } from '../wire/signature-data.ts'
import type { TaskMessage, TaskRequest } from '../wire/task-request.ts'
import { AsyncResult } from './async-result.ts'
import { bodyErrbacks } from './body-errbacks.ts'
import { remainingSteps } from './chain-steps.ts'
import { chordUnlock } from './chord-unlock.ts'
import type { DocumentStore, Guard } from './document-store.ts'
import { GroupResult } from './group-result.ts'
import { Progress } from './progress.ts'
import { nextStep } from './followers.ts'
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

interface RecordingOptions {
  readonly publisher: Publisher | undefined
  readonly chords: Chords
}

/** Everything that stores what happened to a task. */
export class Recording {
  readonly #store: DocumentStore
  readonly #waiting: Waiting
  readonly #publisher: Publisher | undefined
  readonly #progress: Progress

  readonly #chords: Chords

  constructor(store: DocumentStore, waiting: Waiting, options: RecordingOptions) {
    this.#store = store
    this.#waiting = waiting
    this.#publisher = options.publisher
    this.#chords = options.chords
    this.#progress = new Progress(store.backend.limits)
  }

  storeResult(id: string, result: unknown, state: State, options: PutOptions = {}): Promise<StoreOutcome> {
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
    const isStored = storeResult && request?.ignoreResult !== true
    return await this.#end(id, request, { result, state, isStored })
  }

  /** Stores the failure, gives it to every step that will not run now, and publishes the error callbacks. */
  async markAsFailure(id: string, error: unknown, options: FailureOptions = {}): Promise<StoreOutcome | undefined> {
    const { request, storeResult = true, state = 'FAILURE', traceback = tracebackOf(error) } = options
    const failed = { error: failure(error), state, traceback }
    const outcome = await this.#end(id, request, { result: failed.error, state, traceback, isStored: storeResult })
    if (hasSucceeded(outcome)) await this.#goOn(request, outcome.stored.result)
    else await this.#spread(id, failed, options)
    return outcome
  }

  /** Gives a failure to every step that will not run now, and publishes the error callbacks. */
  async #spread(id: string, failed: Failed, options: FailureOptions): Promise<void> {
    const { request, storeResult = true, callErrbacks = true } = options
    if (PROPAGATE_STATES.has(failed.state)) await this.#failSteps(remainingSteps(request), failed, storeResult)
    if (callErrbacks) await this.#publishErrbacks(id, request)
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
    const failed = { error: new TaskRevokedError(reason), state, traceback: null }
    const outcome = await this.#end(id, request, { result: failed.error, state, isStored: storeResult })
    // As in Celery the steps that follow stay as they are, but no chord may wait for one of them in vain.
    const parts = remainingSteps(request).filter(({ chord }) => chord !== undefined)
    if (!hasSucceeded(outcome)) await this.#failSteps(parts, failed, storeResult)
    return outcome
  }

  /**
   * A copy failed after the task had succeeded. What follows from the success has been started; but whoever did that may
   * have died with it, and a chord must not wait for it in vain.
   */
  async #goOn(request: TaskRequest | undefined, result: unknown): Promise<void> {
    const isAwaited = remainingSteps(request).some(({ chord, bodyOf }) => (chord ?? bodyOf) !== undefined)
    if (request !== undefined && isAwaited) await this.start(nextStep(request, result))
  }

  /** Records how a part of a chord has ended that leaves no result of its own. */
  async onChordPartReturn(request: TaskRequest, state: State, result: unknown): Promise<PartOutcome | undefined> {
    return await this.#partOf(request, result, state)?.finish()
  }

  /** Starts chords and publishes messages. */
  async start(frozen: readonly Frozen[], options?: CallOptions): Promise<void> {
    if (frozen.some(({ chords }) => chords.length > 0)) {
      this.#checkPublisher()
      if (this.#chords.areUnlocked) await this.publish(unlocked(frozen), options)
      else await this.#chords.start(frozen)
    } else {
      await this.publish(
        frozen.flatMap(({ messages }) => messages),
        options,
      )
    }
  }

  /** Gives an error to everything in the body of a chord, after its error callbacks, as Celery does. */
  async failBody(body: SignatureData, { error, cause = error, errbacks }: BodyFailure): Promise<void> {
    const trouble = await this.#publishBodyErrbacks(errbacks)
    const reason = trouble ?? (body.subtask_type === 'group' ? cause : error)
    const failed = {
      error: reason,
      state: 'FAILURE',
      traceback: body.subtask_type === 'group' ? null : tracebackOf(error),
    }
    await this.#failSteps(stepsOf(body), failed, true)
  }

  errbacksOf(chord: string, body: SignatureData): Frozen | undefined {
    return bodyErrbacks(chord, body, stepsOf(body).at(-1)?.id ?? chord)
  }

  /** What can never be published takes the place of the error, as in Celery; anything else may be tried again. */
  async #publishBodyErrbacks(errbacks: Frozen | undefined): Promise<Error | undefined> {
    try {
      if (errbacks !== undefined) await this.start([errbacks])
      return undefined
    } catch (error) {
      if (error instanceof TypeError || BackendError.is(error, 'too-large')) return error
      throw error
    }
  }

  async publish(messages: readonly TaskMessage[], options?: CallOptions): Promise<void> {
    if (messages.length === 0) return
    const publisher = this.#checkPublisher()
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

  async #put(id: string, result: unknown, options: PutOptions & { readonly state: State }): Promise<StoreOutcome> {
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
    const call = signal === undefined ? undefined : { signal }
    const kept = await store.put(write, call, options.guard)
    if (kept !== undefined) return { written: false, stored: store.decode(id, kept.value) }
    // Decoding for nobody would double the cost of storing.
    if (this.#waiting.counts.ids > 0) this.#waiting.stored(id, store.decode(id, value))
    return { written: true, result: document['result'] }
  }

  async #failSteps(steps: readonly TaskRequest[], failed: Failed, storeResult: boolean): Promise<void> {
    await Promise.all(
      steps.map(async (step) => {
        const { error: result, state, traceback } = failed
        await this.#end(step.id, step, { result, state, traceback, isStored: storeResult })
      }),
    )
  }

  /**
   * Stores how a task has ended, unless nobody wants to know, and fills the slot of a part, in one step where the store can.
   * A slot gets what the store holds, which is not what this run came to when another was first.
   */
  async #end(id: string, request: TaskRequest | undefined, ending: Ending): Promise<StoreOutcome | undefined> {
    const { result, state, traceback, isStored } = ending
    const part = this.#partOf(request, result, state)
    const options = { request, traceback, guard: part?.guard }
    const outcome = isStored ? await this.storeResult(id, result, state, options) : undefined
    if (part !== undefined) {
      const { taskId } = part
      const [held] = outcome?.written === false ? await this.#store.endings([taskId]) : []
      await part.finish(held)
    }
    return outcome
  }

  #partOf(request: TaskRequest | undefined, result: unknown, state: State): PartReturn | undefined {
    if (request?.chord === undefined) return undefined
    return this.#chords.partReturn(request, { taskId: request.id, state, value: this.encodeResult(result, state) })
  }

  #checkPublisher(): Publisher {
    if (this.#publisher !== undefined) return this.#publisher
    throw new BackendError('misconfigured', 'there is no publisher to start tasks with: pass one to Results')
  }

  /** Old style: whoever runs an errback elsewhere cannot be asked how many arguments it takes, so it gets the id alone. */
  async #publishErrbacks(id: string, request: TaskRequest | undefined): Promise<void> {
    const errbacks = (request?.errbacks ?? []).map((data) => signatureFromData(data))
    if (errbacks.length === 0) return
    await this.start([freeze(group(errbacks), { args: [id], parentId: id, rootId: request?.rootId ?? id })])
  }
}

/** Everything in a body, as if it followed a step that has failed. */
function stepsOf(body: SignatureData): readonly TaskRequest[] {
  return remainingSteps({ id: '', task: '', args: [], kwargs: {}, chain: [body] })
}

function hasSucceeded(outcome: StoreOutcome | undefined): outcome is Extract<StoreOutcome, { written: false }> {
  return outcome?.written === false && outcome.stored.status === 'SUCCESS'
}

interface Failed {
  readonly error: Error
  readonly state: State
  readonly traceback: string | null
}

interface Ending {
  readonly state: State
  readonly result: unknown
  readonly traceback?: string | null | undefined
  readonly isStored: boolean
}

/** What a store does with a part's result. */
interface PutOptions extends StoreOptions {
  readonly guard?: Guard | undefined
}

/** What starts chords whose parts nobody counts: all of their headers, and for each the task that waits for it. */
function unlocked(frozen: readonly Frozen[]): readonly TaskMessage[] {
  const chords = frozen.flatMap((each) => each.chords)
  return [
    ...frozen.flatMap(({ messages }) => messages),
    ...chords.flatMap(({ messages }) => messages),
    ...chords.map(({ root, body, options: { policy = 'waitAll' } }) => {
      if (root.parent === undefined || policy !== 'waitAll')
        throw new BackendError(
          'unsupported',
          `Celery's workers know no chord with the policy ${JSON.stringify(policy)}`,
        )
      return chordUnlock(root.parent, signatureFromData(body))
    }),
  ]
}

/** Whatever was thrown, as an error: only errors are encoded as such. */
function failure(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
