import { BackendError } from '../backend/backend-error.ts'
import type { CallOptions } from '../backend/value.ts'
import { encodeResultTuple, type ResultNode } from '../wire/result-tuple.ts'
import { READY_STATES, type State } from '../wire/states.ts'
import type { TaskMeta } from '../wire/task-meta.ts'
import { failureOf } from './failure.ts'
import type { AnyResult, ResultSource, WaitForOptions } from './result-source.ts'
import { narrowed, type StandardSchema } from './standard-schema.ts'
import type { WaitOptions } from './waiting/waiting.ts'

export interface AsyncResultOptions<T> {
  readonly parent?: AnyResult | undefined
  /** Checks and narrows what was stored. Default: it is taken for what the type says. */
  readonly schema?: StandardSchema<T> | undefined
  /** The task stores no result; `get` resolves to `undefined` at once. Default: false. */
  readonly ignored?: boolean | undefined
}

/** How a task ended, for those who prefer a value to an exception. */
export type TaskOutcome<T> =
  | { readonly status: 'SUCCESS'; readonly value: T }
  | { readonly status: 'FAILURE' | 'REVOKED'; readonly error: Error }

/** A handle on one task's result. It holds no connection, and nothing is read before it is asked. */
export class AsyncResult<T = unknown> {
  readonly id: string
  readonly parent: AnyResult | undefined
  readonly ignored: boolean
  readonly #source: ResultSource
  readonly #schema: StandardSchema<T> | undefined
  #ready: TaskMeta | undefined

  constructor(id: string, source: ResultSource, options?: AsyncResultOptions<T>) {
    if (typeof id !== 'string' || id === '') throw new TypeError('An AsyncResult needs an id')
    this.id = id
    this.parent = options?.parent
    this.ignored = options?.ignored ?? false
    this.#source = source
    this.#schema = options?.schema
  }

  /**
   * Waits for the value. Rejects with the task's error when it failed, or with that of the step before it that did,
   * unless `propagate` is false: then the error is the value.
   */
  get(options: WaitForOptions & { readonly propagate: false }): Promise<T | Error>
  get(options?: WaitForOptions): Promise<T>
  get(options: WaitForOptions = {}): Promise<T | Error> {
    if (this.ignored) return Promise.resolve(undefined as T) // whoever ignores results asks for none
    const propagate = options.propagate ?? true
    if (this.#ready !== undefined) return Promise.resolve(this.#ready).then((meta) => this.#valueOf(meta, propagate))
    return this.#wait(options, propagate).then((meta) => {
      this.#ready = meta
      return this.#valueOf(meta, propagate)
    })
  }

  /** Waits, and says how the task ended without throwing for its failure. */
  async outcome(options: WaitOptions = {}): Promise<TaskOutcome<T>> {
    const meta = this.#ready ?? (await this.#wait(options, false))
    this.#ready = meta
    const error = failureOf(meta)
    if (error === undefined) return { status: 'SUCCESS', value: await this.#narrow(meta.result) }
    return { status: meta.status === 'REVOKED' ? 'REVOKED' : 'FAILURE', error }
  }

  /** Every observed state and progress, up to a ready one. */
  watch(options?: WaitOptions): AsyncIterable<TaskMeta> {
    return this.#source.watch(this.id, options)
  }

  /** The whole document as it is now; a ready one is kept. */
  async meta(options?: CallOptions): Promise<TaskMeta> {
    if (this.#ready !== undefined) return this.#ready
    const meta = await this.#source.getTaskMeta(this.id, options)
    if (READY_STATES.has(meta.status)) this.#ready = meta
    return meta
  }

  async state(options?: CallOptions): Promise<State> {
    return (await this.meta(options)).status
  }

  status(options?: CallOptions): Promise<State> {
    return this.state(options)
  }

  /** The value, the error, the progress of a custom state, or null. */
  async result(options?: CallOptions): Promise<unknown> {
    return (await this.meta(options)).result
  }

  info(options?: CallOptions): Promise<unknown> {
    return this.result(options)
  }

  async ready(options?: CallOptions): Promise<boolean> {
    return READY_STATES.has(await this.state(options))
  }

  async successful(options?: CallOptions): Promise<boolean> {
    return (await this.state(options)) === 'SUCCESS'
  }

  /** As in Celery, a revoked task has not failed. */
  async failed(options?: CallOptions): Promise<boolean> {
    return (await this.state(options)) === 'FAILURE'
  }

  async traceback(options?: CallOptions): Promise<string | null> {
    return (await this.meta(options)).traceback
  }

  async children(options?: CallOptions): Promise<readonly AnyResult[] | null> {
    const { children } = await this.meta(options)
    return children?.map((node) => this.#source.resultOf(node)) ?? null
  }

  async dateDone(options?: CallOptions): Promise<Date | undefined> {
    return (await this.meta(options)).dateDone
  }

  /** The task's name. This and the following are stored when the writer has `resultExtended` on. */
  async name(options?: CallOptions): Promise<string | undefined> {
    return (await this.meta(options)).name
  }

  async args(options?: CallOptions): Promise<unknown> {
    return (await this.meta(options)).args
  }

  async kwargs(options?: CallOptions): Promise<unknown> {
    return (await this.meta(options)).kwargs
  }

  async worker(options?: CallOptions): Promise<string | undefined> {
    return (await this.meta(options)).worker
  }

  async retries(options?: CallOptions): Promise<number | undefined> {
    return (await this.meta(options)).retries
  }

  async queue(options?: CallOptions): Promise<string | undefined> {
    return (await this.meta(options)).queue
  }

  /** Whether a document is stored now. */
  exists(options?: CallOptions): Promise<boolean> {
    return this.#source.exists(this.id, options)
  }

  /** Removes the result, and as in Celery those of the steps before it. */
  async forget(options?: CallOptions): Promise<void> {
    this.#ready = undefined
    await this.parent?.forget(options)
    await this.#source.forget(this.id, options)
  }

  /** This result and everything it spawned, breadth first, with the result that spawned it. */
  async *iterDeps(options: WaitOptions & { readonly intermediate?: boolean } = {}): AsyncGenerator<Dependency> {
    const queue: Dependency[] = [{ parent: undefined, node: this }]
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      yield next
      const { node } = next
      const children =
        node instanceof AsyncResult
          ? await node.#readyChildren(options.intermediate === true, callOf(options))
          : node.results
      for (const child of children) queue.push({ parent: node, node: child })
    }
  }

  /** The values of this result and of everything it spawned, waiting for each. */
  async *collect(options: WaitOptions = {}): AsyncGenerator<readonly [AnyResult, unknown]> {
    const queue: AnyResult[] = [this]
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      yield [node, await node.get(options)]
      queue.push(...(node instanceof AsyncResult ? ((await node.children(callOf(options))) ?? []) : node.results))
    }
  }

  toNode(): ResultNode {
    return this.parent === undefined ? { id: this.id } : { id: this.id, parent: this.parent.toNode() }
  }

  /** Celery's `[[id, parent], null]`. */
  asTuple(): unknown {
    return encodeResultTuple(this.toNode())
  }

  toString(): string {
    return this.id
  }

  async #readyChildren(intermediate: boolean, options: CallOptions): Promise<readonly AnyResult[]> {
    if (!intermediate && !(await this.ready(options))) {
      throw new BackendError('not-found', `task ${this.id} is not ready, so what it spawned is not known yet`)
    }
    return (await this.children(options)) ?? []
  }

  #valueOf(meta: TaskMeta, propagate: boolean): T | Error | Promise<T> {
    const failure = failureOf(meta)
    if (failure === undefined) return this.#narrow(meta.result)
    if (propagate) throw failure
    return failure
  }

  #narrow(value: unknown): T | Promise<T> {
    return this.#schema === undefined ? (value as T) : narrowed(this.#schema, value) // without a schema the type is the caller's word
  }

  #wait({ timeoutMs, signal }: WaitOptions, follow: boolean): Promise<TaskMeta> {
    const options = { timeoutMs, signal, propagate: false }
    if (!follow || this.parent === undefined) return this.#source.waitFor(this.id, options)
    return this.#waitWithAncestors(this.#ancestors(), options)
  }

  /** A step whose predecessor failed may never be stored, so both are waited for. */
  async #waitWithAncestors(ancestors: readonly AsyncResult[], options: WaitForOptions): Promise<TaskMeta> {
    const over = new AbortController()
    const { signal } = options
    const limits = { ...options, signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]) }
    const own = this.#source.waitFor(this.id, limits)
    const failures = ancestors.map((ancestor) => this.#failureOf(ancestor.id, limits))
    try {
      return await Promise.race([own, ...failures])
    } finally {
      over.abort()
    }
  }

  /** Rejects when the ancestor fails; otherwise stays pending, for the result itself then decides. */
  async #failureOf(id: string, limits: WaitForOptions): Promise<TaskMeta> {
    const meta = await this.#source.waitFor(id, limits).catch(() => undefined)
    const failure = meta === undefined ? undefined : failureOf(meta)
    if (failure !== undefined) throw failure
    return new Promise(() => undefined)
  }

  /** Root first. A parent that is a group is left to the step after it. */
  #ancestors(): readonly AsyncResult[] {
    const list: AsyncResult[] = []
    for (
      let { parent } = this as { readonly parent: AnyResult | undefined };
      parent !== undefined;
      parent = parent.parent
    ) {
      if (parent instanceof AsyncResult) list.unshift(parent)
    }
    return list
  }
}

function callOf({ signal }: WaitOptions): CallOptions {
  return signal === undefined ? {} : { signal }
}

export interface Dependency {
  readonly parent: AnyResult | undefined
  readonly node: AnyResult
}
