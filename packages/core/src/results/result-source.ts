import type { CallOptions } from '../backend/value.ts'
import type { ResultNode } from '../wire/result-tuple.ts'
import type { TaskMeta } from '../wire/task-meta.ts'
import type { AsyncResult } from './async-result.ts'
import type { GroupResult } from './group-result.ts'
import type { WaitOptions } from './waiting/waiting.ts'

export interface WaitForOptions extends WaitOptions {
  /** Whether a failed task rejects with its error. Default: true. */
  readonly propagate?: boolean
}

export interface ReadOptions extends CallOptions {
  /** Whether a result kept in this process may answer. Default: true. */
  readonly cache?: boolean
}

/** A task's or a group's handle. */
export type AnyResult = AsyncResult | GroupResult

/** What handles need of `Results`. */
export interface ResultSource {
  getTaskMeta(id: string, options?: ReadOptions): Promise<TaskMeta>
  getMany(ids: readonly string[], options?: CallOptions): Promise<readonly TaskMeta[]>
  waitFor(id: string, options?: WaitForOptions): Promise<TaskMeta>
  watch(id: string, options?: WaitOptions): AsyncIterable<TaskMeta>
  asCompleted(ids: readonly string[], options?: WaitOptions): AsyncIterable<TaskMeta>
  exists(id: string, options?: CallOptions): Promise<boolean>
  forget(id: string, options?: CallOptions): Promise<void>
  saveGroup(id: string, group: ResultNode, options?: CallOptions): Promise<void>
  deleteGroup(id: string, options?: CallOptions): Promise<void>
  resultOf(node: ResultNode): AnyResult
}
