import { isDeepStrictEqual } from 'node:util'
import type { BackendError } from '../../backend/backend-error.ts'
import type { Stored, Version } from '../../backend/value.ts'
import type { TaskMeta } from '../../wire/task-meta.ts'
import type { Sink } from './waiter.ts'

export interface ArrivalsOptions {
  /** Called at the first `next()`: an iterator that nobody uses holds nothing. Returns what releases it. */
  readonly start: (sink: Sink) => () => void
  /** How many documents in a ready state there will be. */
  readonly readyCount: number
  /** Whether unready documents count too. The newest then takes the place of one that nobody has taken yet. */
  readonly everyState: boolean
}

interface Taker {
  readonly resolve: (result: IteratorResult<TaskMeta, undefined>) => void
  readonly reject: (error: unknown) => void
}

/** Documents as they arrive, for `for await`. Holds at most one per id, so a slow reader costs no memory. */
export class Arrivals implements AsyncIterator<TaskMeta, undefined>, Sink {
  readonly #options: ArrivalsOptions
  readonly #takers: Taker[] = []
  #queue: TaskMeta[] = []
  #taken = 0
  #missing: number
  #last: { readonly meta: TaskMeta; readonly version: Version | undefined } | undefined
  #error: BackendError | undefined
  #release: (() => void) | undefined
  #isStarted = false

  constructor(options: ArrivalsOptions) {
    this.#options = options
    this.#missing = options.readyCount
  }

  next(): Promise<IteratorResult<TaskMeta, undefined>> {
    return new Promise((resolve, reject) => {
      if (!this.#isStarted) {
        this.#isStarted = true
        if (this.#missing > 0) this.#release = this.#options.start(this)
      }
      this.#takers.push({ resolve, reject })
      this.#hand()
    })
  }

  return(): Promise<IteratorResult<TaskMeta, undefined>> {
    this.#isStarted = true
    this.#missing = 0
    this.#clear()
    this.#error = undefined
    this.#release?.()
    this.#hand()
    return Promise.resolve({ done: true, value: undefined })
  }

  seen(meta: TaskMeta, isReady: boolean, stored: Stored | undefined): void {
    const version = this.#options.everyState ? stored?.version : undefined
    if (isReady) this.#missing -= 1
    else if (!this.#options.everyState || this.#isKnown(meta, version)) return
    if (this.#options.everyState) {
      this.#last = { meta, version }
      this.#clear()
    }
    this.#queue.push(meta)
    this.#hand()
  }

  failed(error: BackendError): void {
    this.#missing = 0
    this.#error = error
    this.#hand()
  }

  /** Notifications and reads tell of the same document more than once. */
  #isKnown(meta: TaskMeta, version: Version | undefined): boolean {
    if (this.#last === undefined) return false
    if (version !== undefined && version === this.#last.version) return true
    if (!isDeepStrictEqual(meta, this.#last.meta)) return false
    this.#last = { meta, version }
    return true
  }

  #clear(): void {
    this.#queue = []
    this.#taken = 0
  }

  #hand(): void {
    while (this.#takers.length > 0 && (this.#queue.length > 0 || this.#missing === 0)) {
      const taker = this.#takers.shift()
      if (taker !== undefined) this.#give(taker)
    }
  }

  #give(taker: Taker): void {
    const meta = this.#queue[this.#taken]
    const error = this.#error
    if (meta !== undefined) {
      this.#taken += 1
      if (this.#taken === this.#queue.length) this.#clear()
      taker.resolve({ done: false, value: meta })
    } else if (error === undefined) taker.resolve({ done: true, value: undefined })
    else {
      this.#error = undefined
      taker.reject(error)
    }
  }
}
