import type { TaskMeta } from '../../wire/task-meta.ts'
import type { Scheduler } from './scheduler.ts'
import type { WaitingSource } from './waiting-source.ts'

export type { Scheduler } from './scheduler.ts'
export type { Snapshot, WaitingSource } from './waiting-source.ts'

export interface WaitOptions {
  /** Milliseconds. 0 reads once; `Infinity` waits without limit. Default: the result expiry. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface WaitingOptions {
  readonly defaultTimeoutMs: number
  /** How often, about, everything waited for is read although nothing told of a change. Default: 30,000. */
  readonly safetyReadMs?: number
  /** The longest pause between two polls. Default: 500. */
  readonly pollCeilingMs?: number
  readonly scheduler?: Scheduler
}

export interface WaitingCounts {
  readonly waiters: number
  readonly ids: number
  readonly subscriptions: number
  readonly timers: number
}

export class Waiting {
  constructor(source: WaitingSource, options: WaitingOptions) {
    void source
    void options
  }

  get counts(): WaitingCounts {
    return { waiters: 0, ids: 0, subscriptions: 0, timers: 0 }
  }

  untilReady(id: string, options: WaitOptions = {}): Promise<TaskMeta> {
    return Promise.reject(new Error(`${id}${String(options.timeoutMs)}`))
  }

  watch(id: string, options: WaitOptions = {}): AsyncIterable<TaskMeta> {
    throw new Error(`${id}${String(options.timeoutMs)}`)
  }

  asCompleted(ids: readonly string[], options: WaitOptions = {}): AsyncIterable<TaskMeta> {
    throw new Error(`${ids.length}${String(options.timeoutMs)}`)
  }

  stored(id: string, meta: TaskMeta): void {
    void id
    void meta
  }

  forgotten(id: string): void {
    void id
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
