import type { CallOptions, Stored, Value } from '../backend/value.ts'
import { batches } from '../store/batches.ts'
import { READY_STATES } from '../wire/states.ts'
import type { TaskMeta } from '../wire/task-meta.ts'
import type { DocumentStore } from './document-store.ts'
import { ResultCache } from './result-cache.ts'
import type { ReadOptions } from './result-source.ts'
import { traced } from './tracing.ts'
import type { Snapshot, Waiting } from './waiting/waiting.ts'
import type { Readable } from './waiting/waiting-source.ts'

/** Everything that reads what happened to tasks. */
export class Reading {
  readonly #store: DocumentStore
  readonly #cache: ResultCache<TaskMeta>

  constructor(store: DocumentStore) {
    this.#store = store
    this.#cache = new ResultCache(store.settings.maxCachedResults)
  }

  /** The task's document; one in state PENDING when none is stored. */
  getTaskMeta(id: string, options: ReadOptions = {}): Promise<TaskMeta> {
    return traced('getTaskMeta', this.#describe(id), async () => {
      const cached = options.cache === false ? undefined : this.#cache.get(id)
      if (cached !== undefined) return cached
      const meta = await this.#read(id, options)
      if (meta.status === 'SUCCESS') this.#cache.set(id, meta)
      return meta
    })
  }

  /** The documents of many tasks, in the order of `ids`, with one bulk read for as many as the store takes at once. */
  getMany(ids: readonly string[], options: ReadOptions = {}): Promise<readonly TaskMeta[]> {
    const describe = () => ({ backend: this.#store.backend.name, count: ids.length })
    return traced('getMany', describe, async () => {
      const cached = this.#cached(ids, options)
      const missing = cached.size === 0 ? ids : ids.filter((id) => !cached.has(id))
      // What has arrived is decoded while the rest is on its way.
      const pages = batches(missing, this.#store.backend.limits.maxBatchKeys)
      const read = (await Promise.all(pages.map((page) => this.#readPage(page, options)))).flat()
      if (cached.size === 0) return read
      const inOrder = read.values()
      return ids.map((id) => cached.get(id) ?? inOrder.next().value ?? pending(id))
    })
  }

  /** Whether a document is stored, which tells a task that nobody knows from one that is stored as PENDING. */
  exists(id: string, options?: CallOptions): Promise<boolean> {
    return traced('exists', this.#describe(id), async () => {
      const [exists = false] = await this.#store.keys.exists([this.#store.taskKey(id)], options)
      return exists
    })
  }

  async forget(id: string, waiting: Waiting, options?: CallOptions): Promise<void> {
    await traced('forget', this.#describe(id), () => this.#store.delete([this.#store.taskKey(id)], options))
    this.#cache.delete(id)
    waiting.forgotten(id)
  }

  /** Reads again, and keeps whatever came back. */
  async reload(id: string, options?: CallOptions): Promise<TaskMeta> {
    const meta = await this.getTaskMeta(id, { ...options, cache: false })
    this.#cache.set(id, meta)
    return meta
  }

  isCached(id: string): boolean {
    return this.#cache.has(id)
  }

  /** What is stored, for waiting: past the cache, each document with its own error. */
  async snapshots(wanted: readonly Readable[], options?: CallOptions): Promise<readonly Snapshot[]> {
    const keys = wanted.map(({ key }) => key)
    const found = await this.#store.mget(keys, options)
    return wanted.map(({ id }, index) => this.#snapshot(id, found[index]))
  }

  /** A complete document of that task, or nothing. */
  decode(id: string, value: Value): TaskMeta | undefined {
    try {
      const meta = this.#store.decode('', value)
      return meta.taskId === id ? meta : undefined
    } catch {
      return undefined // anybody may publish anything; the document itself is read instead
    }
  }

  #snapshot(id: string, stored: Stored | undefined): Snapshot {
    if (stored === undefined) return absent
    try {
      return { meta: this.#store.decode(id, stored.value), stored }
    } catch (error) {
      return { stored, error }
    }
  }

  async #read(id: string, options: ReadOptions): Promise<TaskMeta> {
    return this.#metaOf(id, await this.#store.get(this.#store.taskKey(id), call(options)))
  }

  async #readPage(ids: readonly string[], options: ReadOptions): Promise<readonly TaskMeta[]> {
    const keys = ids.map((id) => this.#store.taskKey(id))
    const stored = await this.#store.mget(keys, call(options))
    return ids.map((id, at) => this.#keep(this.#metaOf(id, stored[at])))
  }

  #cached(ids: readonly string[], options: ReadOptions): Map<string, TaskMeta> {
    const metas = new Map<string, TaskMeta>()
    if (options.cache === false) return metas
    for (const id of ids) {
      const meta = this.#cache.get(id)
      if (meta !== undefined) metas.set(id, meta)
    }
    return metas
  }

  #metaOf(id: string, stored: Stored | undefined): TaskMeta {
    return stored === undefined || stored.value.length === 0 ? pending(id) : this.#store.decode(id, stored.value)
  }

  #keep(meta: TaskMeta): TaskMeta {
    if (READY_STATES.has(meta.status)) this.#cache.set(meta.taskId, meta)
    return meta
  }

  #describe(id: string): () => { readonly backend: string; readonly taskId: string } {
    return () => ({ backend: this.#store.backend.name, taskId: id })
  }
}

const absent: Snapshot = {}

function call({ signal }: ReadOptions): CallOptions | undefined {
  return signal === undefined ? undefined : { signal }
}

function pending(id: string): TaskMeta {
  return { taskId: id, status: 'PENDING', isAbsent: true, result: null, traceback: null, children: null }
}

/** Removes what has expired, batch by batch. */
export async function cleanup(
  store: DocumentStore,
  options: CallOptions & { readonly limit?: number },
): Promise<number> {
  const { backend } = store
  const { limit = 1_000, ...rest } = options
  const ability = backend.cleanup
  if (ability === undefined) return 0
  let total = 0
  for (let removed = limit; removed >= limit; total += removed) {
    removed = await store.retry.run(() => ability.run({ ...rest, limit }), rest)
  }
  return total
}
