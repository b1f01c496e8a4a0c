import type { CallOptions } from '../backend/value.ts'
import { decodeGroupMeta, encodeGroupMeta } from '../wire/group-meta.ts'
import type { ResultNode } from '../wire/result-tuple.ts'
import type { DocumentStore } from './document-store.ts'
import { ResultCache } from './result-cache.ts'
import type { ReadOptions } from './result-source.ts'
import { traced } from './tracing.ts'

interface SaveOptions extends CallOptions {
  readonly expiresInSeconds?: number
}

/** The documents that say which tasks belong to a group. */
export class Groups {
  readonly #store: DocumentStore
  readonly #cache: ResultCache<ResultNode>

  constructor(store: DocumentStore) {
    this.#store = store
    this.#cache = new ResultCache(store.settings.maxCachedResults)
  }

  save(id: string, group: ResultNode, { expiresInSeconds, ...options }: SaveOptions = {}): Promise<void> {
    return traced('saveGroup', this.#describe(id), async () => {
      const key = this.#store.groupKey(id)
      const value = encodeGroupMeta(group, this.#store.settings.codec)
      await this.#store.set({ key, value: this.#store.fitting(value), expiresInSeconds }, options)
    })
  }

  /** The group's members; `undefined` when it was not saved or has expired. */
  get(id: string, options: ReadOptions = {}): Promise<ResultNode | undefined> {
    return traced('getGroupMeta', this.#describe(id), async () => {
      const cached = options.cache === false ? undefined : this.#cache.get(id)
      if (cached !== undefined) return cached
      const { signal } = options
      const stored = await this.#store.get(this.#store.groupKey(id), signal === undefined ? undefined : { signal })
      if (stored === undefined) return undefined
      const group = decodeGroupMeta(stored.value, this.#store.settings.codec)
      this.#cache.set(id, group)
      return group
    })
  }

  delete(id: string, options?: CallOptions): Promise<void> {
    return traced('deleteGroup', this.#describe(id), async () => {
      await this.#store.delete([this.#store.groupKey(id)], options)
      this.#cache.delete(id)
    })
  }

  #describe(id: string): () => { readonly backend: string; readonly groupId: string } {
    return () => ({ backend: this.#store.backend.name, groupId: id })
  }
}
