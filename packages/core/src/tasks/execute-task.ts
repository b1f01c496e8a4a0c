import { hostname } from 'node:os'
import { pid } from 'node:process'
import { BackendError } from '../backend/backend-error.ts'
import type { ResultRecorder } from '../canvas/publisher.ts'
import type { TaskContext } from '../canvas/task-context.ts'
import type { RunnableTask } from '../canvas/task.ts'
import { remainingSteps } from '../results/chain-steps.ts'
import { publishFollowers } from '../results/followers.ts'
import { tracebackOf } from '../wire/exceptions.ts'
import { encodeJson } from '../wire/json.ts'
import type { TaskMeta } from '../wire/task-meta.ts'
import type { TaskRequest } from '../wire/task-request.ts'
import { encodeFailure, Ignore, notRegistered, Reject, retriesExceeded, Retry } from './task-failures.ts'

export interface ExecuteOptions {
  /** Handed to the task. Default: one that never aborts. */
  readonly signal?: AbortSignal
}

/** How a run ended. `REJECTED` asks the queue to deliver the message again; `IGNORED` left nothing in the store. */
export type Outcome =
  | { readonly state: 'SUCCESS'; readonly result: unknown }
  | { readonly state: 'FAILURE' | 'RETRY'; readonly error: unknown }
  | { readonly state: 'IGNORED' | 'REJECTED' }

/**
 * Runs one task and does what Celery's worker does around it. Callbacks and the next step of a chain are published
 * before the result is stored, so that whoever sees the result also sees what it led to.
 * Rejects only when the store or the queue failed; the task's own failure is an outcome.
 */
export async function executeTask(
  task: RunnableTask,
  request: TaskRequest,
  recorder: ResultRecorder,
  options: ExecuteOptions = {},
): Promise<Outcome> {
  const run = new Run(task, request, recorder)
  const known = await run.knownResult()
  if (known !== undefined) return await run.repeat(known)
  if (task.run === undefined) return await run.fail(notRegistered(task.name))
  await run.start()
  let result: unknown
  try {
    result = await call(task, run.context(options.signal ?? NEVER), recorder)
  } catch (error) {
    return await run.end(error)
  }
  return await run.succeed(result)
}

const NEVER = new AbortController().signal

// Keyword arguments, which JavaScript does not have, come as one object behind the others.
async function call(task: RunnableTask, context: TaskContext, recorder: ResultRecorder): Promise<unknown> {
  const { kwargs } = context.request
  const args = recorder.bodyArgs(context.request)
  const run = task.run as (...args: readonly unknown[]) => unknown // checked by whoever made the call, or by the task
  const named = Object.keys(kwargs).length > 0 ? [kwargs] : []
  return await run(...(task.options.bind === true ? [context] : []), ...args, ...named)
}

class Run {
  readonly #task: RunnableTask
  readonly #recorder: ResultRecorder
  readonly #ignored: boolean
  #request: TaskRequest

  constructor(task: RunnableTask, request: TaskRequest, recorder: ResultRecorder) {
    this.#task = task
    this.#recorder = recorder
    this.#ignored = request.ignoreResult ?? task.options.ignoreResult ?? false
    this.#request = request
  }

  context(signal: AbortSignal): TaskContext {
    const request = this.#request
    return {
      request,
      signal,
      updateState: async (state, meta) => {
        await this.#recorder.updateState(request.id, state, meta, { request })
      },
      retry: ({ error, ...options } = {}) => {
        throw new Retry(error === undefined ? options : { ...options, cause: error })
      },
    }
  }

  /**
   * What is stored for a part or the body of a chord that is delivered again: its run ended, perhaps before the chord was
   * told. A body could not even run again once the results of its header are gone.
   */
  async knownResult(): Promise<TaskMeta | undefined> {
    const { id, chord, bodyOf, deliveryInfo } = this.#request
    if (deliveryInfo?.redelivered !== true || (chord ?? bodyOf) === undefined) return undefined
    const meta = await this.#recorder.getTaskMeta(id)
    return meta.status === 'SUCCESS' ? meta : undefined
  }

  async repeat({ result }: TaskMeta): Promise<Outcome> {
    await this.#recorder.markAsDone(this.#request.id, result, { request: this.#request })
    return { state: 'SUCCESS', result }
  }

  async start(): Promise<void> {
    if (this.#task.options.trackStarted !== true || this.#ignored) return
    const meta = { pid, hostname: this.#request.hostname ?? hostname() }
    await this.#recorder.markAsStarted(this.#request.id, meta, { request: this.#request })
  }

  async succeed(result: unknown): Promise<Outcome> {
    try {
      await this.#follow(result)
      const options = { request: this.#request, storeResult: !this.#ignored }
      await this.#recorder.markAsDone(this.#request.id, result, options)
      return { state: 'SUCCESS', result }
    } catch (error) {
      if (isUnstorable(error)) return await this.fail(encodeFailure(error))
      throw error
    }
  }

  /** What the thrown `error` means. */
  async end(error: unknown): Promise<Outcome> {
    if (error instanceof Retry) return await this.#retry(error)
    if (error instanceof Ignore) {
      // No result, and what follows does not run: but no chord must wait for any of it.
      const parts = [this.#request, ...remainingSteps(this.#request)]
      for (const part of parts) await this.#recorder.onChordPartReturn(part, 'IGNORED', null)
      return { state: 'IGNORED' }
    }
    if (error instanceof Reject && error.requeue) return { state: 'REJECTED' }
    return await this.fail(error)
  }

  async fail(error: unknown): Promise<Outcome> {
    await this.#recorder.markAsFailure(this.#request.id, error, {
      request: this.#request,
      traceback: tracebackOf(error),
      storeResult: this.#storesErrors(),
      callErrbacks: true,
    })
    return { state: 'FAILURE', error }
  }

  async #follow(result: unknown): Promise<void> {
    const { callbacks = [], chain = [] } = this.#request
    if (callbacks.length + chain.length === 0) return
    // Followers must not start on a result that then turns out not to be storable.
    encodeJson(result)
    const spawned = await publishFollowers(this.#request, result, this.#recorder)
    this.#request = { ...this.#request, children: [...(this.#request.children ?? []), ...spawned] }
  }

  async #retry(retry: Retry): Promise<Outcome> {
    const { retryDelaySeconds = 180 } = this.#task.options
    const retries = (this.#request.retries ?? 0) + 1
    if (retries > this.#maxRetries(retry)) return await this.fail(retry.cause ?? retriesExceeded(this.#request))
    const { hostname: _, deliveryInfo: __, children: ___, ...message } = this.#request
    const countdownSeconds = retry.countdownSeconds ?? retryDelaySeconds
    await this.#recorder.publish([{ ...message, retries, countdownSeconds }])
    if (this.#storesErrors()) {
      const options = { request: this.#request, traceback: tracebackOf(retry) }
      await this.#recorder.markAsRetry(this.#request.id, retry.cause ?? null, options)
    }
    return { state: 'RETRY', error: retry.cause }
  }

  #maxRetries({ maxRetries = this.#task.options.maxRetries }: Retry): number {
    return maxRetries === null ? Infinity : (maxRetries ?? 3)
  }

  #storesErrors(): boolean {
    return !this.#ignored || this.#task.options.storeErrorsEvenIfIgnored === true
  }
}

function isUnstorable(error: unknown): error is Error {
  return error instanceof TypeError || BackendError.is(error, 'too-large')
}
