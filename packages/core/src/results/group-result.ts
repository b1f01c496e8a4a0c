import { BackendError } from '../backend/backend-error.ts'
import type { CallOptions } from '../backend/value.ts'
import { encodeResultTuple, type ResultNode } from '../wire/result-tuple.ts'
import { READY_STATES } from '../wire/states.ts'
import type { TaskMeta } from '../wire/task-meta.ts'
import { failureOf } from './failure.ts'
import type { AnyResult, ResultSource, WaitForOptions } from './result-source.ts'
import type { WaitOptions } from './waiting/waiting.ts'

/** Several results that are looked at together. */
export class ResultSet<T extends readonly unknown[] = readonly unknown[]> implements Iterable<AnyResult> {
  protected readonly source: ResultSource
  #results: readonly AnyResult[]

  constructor(results: readonly AnyResult[], source: ResultSource) {
    this.#results = results
    this.source = source
  }

  get results(): readonly AnyResult[] {
    return this.#results
  }

  get length(): number {
    return this.#results.length
  }

  [Symbol.iterator](): Iterator<AnyResult> {
    return this.#results[Symbol.iterator]()
  }

  at(index: number): AnyResult | undefined {
    return this.#results.at(index)
  }

  /** Adds a result; one that is there already is left as it is. */
  add(result: AnyResult): void {
    if (!this.#results.some(({ id }) => id === result.id)) this.#results = [...this.#results, result]
  }

  /** Takes a result out, by itself or by its id. Throws `TypeError` when it is not there. */
  remove(result: AnyResult | string): void {
    const id = typeof result === 'string' ? result : result.id
    if (!this.#results.some((member) => member.id === id)) throw new TypeError(`the set has no result ${id}`)
    this.#results = this.#results.filter((member) => member.id !== id)
  }

  /** The values in order. Rejects with the first failure seen, unless `propagate` is false: then the errors stand in their places. */
  async join(options: WaitForOptions = {}): Promise<T> {
    const metas = await this.#completed(options)
    return this.#results.map((member) => valueOf(member, metas)) as unknown as T // one value per member, in their order
  }

  get(options?: WaitForOptions): Promise<T> {
    return this.join(options)
  }

  /** The documents of all tasks in completion order. */
  asCompleted(options?: WaitOptions): AsyncIterable<TaskMeta> {
    return this.source.asCompleted(this.taskIds(), options)
  }

  async ready(options?: CallOptions): Promise<boolean> {
    return (await this.#metas(options)).every(({ status }) => READY_STATES.has(status))
  }

  async waiting(options?: CallOptions): Promise<boolean> {
    return !(await this.ready(options))
  }

  async successful(options?: CallOptions): Promise<boolean> {
    return (await this.#metas(options)).every(({ status }) => status === 'SUCCESS')
  }

  async failed(options?: CallOptions): Promise<boolean> {
    return (await this.#metas(options)).some(({ status }) => status === 'FAILURE')
  }

  /** How many have succeeded: as in Celery, a failed task does not count as completed. */
  async completedCount(options?: CallOptions): Promise<number> {
    return (await this.#metas(options)).filter(({ status }) => status === 'SUCCESS').length
  }

  async forget(options?: CallOptions): Promise<void> {
    await Promise.all(this.#results.map((member) => member.forget(options)))
  }

  /** The ids of all tasks, those of nested groups included. */
  taskIds(): readonly string[] {
    return this.#results.flatMap((member) => (member instanceof ResultSet ? member.taskIds() : [member.id]))
  }

  #metas(options?: CallOptions): Promise<readonly TaskMeta[]> {
    return this.source.getMany(this.taskIds(), options)
  }

  /** One bulk read, then only the missing ones are waited for. */
  async #completed(options: WaitForOptions): Promise<ReadonlyMap<string, TaskMeta>> {
    const { signal, timeoutMs, propagate = true } = options
    const metas = new Map<string, TaskMeta>()
    const keep = (meta: TaskMeta): void => {
      const failure = propagate ? failureOf(meta) : undefined
      if (failure !== undefined) throw failure
      metas.set(meta.taskId, meta)
    }
    const known = await this.#metas(signal === undefined ? {} : { signal })
    for (const meta of known) if (READY_STATES.has(meta.status)) keep(meta)
    const missing = this.taskIds().filter((id) => !metas.has(id))
    if (missing.length === 0) return metas
    const limits = { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) }
    for await (const meta of this.source.asCompleted(missing, limits)) keep(meta)
    return metas
  }
}

function valueOf(member: AnyResult, metas: ReadonlyMap<string, TaskMeta>): unknown {
  if (member instanceof ResultSet) return member.results.map((inner) => valueOf(inner, metas))
  const meta = metas.get(member.id)
  if (meta === undefined) throw new BackendError('not-found', `the result of task ${member.id} was not seen`)
  return failureOf(meta) ?? meta.result
}

/** The results of a group, under an id by which they can be saved and restored. */
export class GroupResult<T extends readonly unknown[] = readonly unknown[]> extends ResultSet<T> {
  readonly id: string
  readonly parent: AnyResult | undefined

  constructor(id: string, results: readonly AnyResult[], source: ResultSource, parent?: AnyResult) {
    super(results, source)
    if (id === '') throw new TypeError('A GroupResult needs an id')
    this.id = id
    this.parent = parent
  }

  /** The group that was saved under an id; `undefined` when there is none. */
  static restore(id: string, results: GroupStore): Promise<GroupResult | undefined> {
    return results.restoreGroup(id)
  }

  get children(): readonly AnyResult[] {
    return this.results
  }

  /** Stores which tasks belong to the group, so that it can be restored by its id. */
  save(options?: CallOptions): Promise<void> {
    return this.source.saveGroup(this.id, this.toNode(), options)
  }

  /** Removes what `save` stored; the tasks' results stay. */
  delete(options?: CallOptions): Promise<void> {
    return this.source.deleteGroup(this.id, options)
  }

  toNode(): ResultNode {
    const members = this.results.map((member) => member.toNode())
    return this.parent === undefined ? { id: this.id, members } : { id: this.id, parent: this.parent.toNode(), members }
  }

  /** Celery's `[[id, parent], [members]]`. */
  asTuple(): unknown {
    return encodeResultTuple(this.toNode())
  }

  override toString(): string {
    return this.id
  }
}

export interface GroupStore {
  restoreGroup(id: string): Promise<GroupResult | undefined>
}
