import { encodeResultTuple } from '../wire/result-tuple.ts'
import { PROPAGATE_STATES, READY_STATES, type State } from '../wire/states.ts'

export interface EagerResultParts<T> {
  readonly state: State
  /** The value; in an exception state the error. */
  readonly result: T | Error
  readonly traceback?: string
}

/** The result of a task that was run in place. It touches no store. */
export class EagerResult<T = unknown> {
  readonly id: string
  readonly state: State
  readonly result: T | Error
  readonly traceback: string | undefined
  readonly children: readonly never[] = []

  constructor(id: string, parts: EagerResultParts<T>) {
    this.id = id
    this.state = parts.state
    this.result = parts.result
    this.traceback = parts.traceback
  }

  get status(): State {
    return this.state
  }

  get info(): T | Error {
    return this.result
  }

  /** Throws the task's error, unless `propagate` is false. */
  async get(options: { readonly propagate?: boolean } = {}): Promise<T> {
    if (PROPAGATE_STATES.has(this.state) && options.propagate !== false) throw this.result
    return this.result as T // an error state is the caller's wish here
  }

  ready(): boolean {
    return READY_STATES.has(this.state)
  }

  successful(): boolean {
    return this.state === 'SUCCESS'
  }

  failed(): boolean {
    return this.state === 'FAILURE'
  }

  async forget(): Promise<void> {
    // Nothing was stored.
  }

  asTuple(): unknown {
    return encodeResultTuple({ id: this.id })
  }
}
