import { Signature } from './signature.ts'
import type { Given, Missing } from './missing.ts'
import type { TaskContext } from './task-context.ts'

export interface TaskOptions {
  /** Stores nothing on success; on failure neither, unless `storeErrorsEvenIfIgnored`. Default: false. */
  readonly ignoreResult?: boolean
  /** Default: false. */
  readonly storeErrorsEvenIfIgnored?: boolean
  /** Stores STARTED before the task runs. Default: false. */
  readonly trackStarted?: boolean
  /** How often the task may ask to be run again; `null` for no end. Default: 3. */
  readonly maxRetries?: number | null
  /** The pause before a retry that does not name one. Default: 180, as in Celery. */
  readonly retryDelaySeconds?: number
  /** Passes the `TaskContext` before the arguments. Default: false. */
  readonly bind?: boolean
}

/** What running a task needs of it; every `Task` is one. */
export interface RunnableTask {
  readonly name: string
  readonly options: TaskOptions
  readonly run?: ((...args: never[]) => unknown) | undefined
}

/** A named function that may run anywhere, or only the name and type of one that runs elsewhere. */
export class Task<Args extends readonly unknown[], Result> {
  readonly name: string
  readonly options: TaskOptions
  /** The function itself. Absent when the task runs elsewhere. */
  readonly run: ((...args: never[]) => unknown) | undefined

  constructor(name: string, run?: (...args: never[]) => unknown, options: TaskOptions = {}) {
    if (name === '') throw new TypeError('A task needs a name')
    this.name = name
    this.run = run
    this.options = options
  }

  /** A call with some or all arguments. Those that come later, such as the result of the step before, go in front. */
  s<Present extends Given<Args>>(...args: Present): Signature<Result, Missing<Args, Present>> {
    return new Signature({ task: this.name, args })
  }

  /** A call with exactly these arguments, whatever the step before results in. */
  si(...args: Args): Signature<Result, readonly unknown[]> {
    return new Signature({ task: this.name, args, immutable: true })
  }
}

type AnyFunction = (...args: never[]) => unknown

/** Names a task that runs elsewhere: `task<(x: number, y: number) => number>('tasks.add')`. */
export function task<Run extends AnyFunction>(
  name: string,
  options?: TaskOptions,
): Task<Parameters<Run>, Awaited<ReturnType<Run>>>
/** Names a function that wants its `TaskContext` before the arguments. */
export function task<Args extends readonly unknown[], Result>(
  name: string,
  run: (context: TaskContext, ...args: Args) => Result,
  options: TaskOptions & { readonly bind: true },
): Task<Args, Awaited<Result>>
/** Names a function: `task('add', (a: number, b: number) => a + b)`. */
export function task<Args extends readonly unknown[], Result>(
  name: string,
  run: (...args: Args) => Result,
  options?: TaskOptions & { readonly bind?: false },
): Task<Args, Awaited<Result>>
export function task(name: string, run?: AnyFunction | TaskOptions, options?: TaskOptions): RunnableTask {
  return typeof run === 'function' ? new Task(name, run, options) : new Task(name, undefined, run)
}
