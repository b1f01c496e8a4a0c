import { hostname } from 'node:os'
import { BackendError } from '../backend/backend-error.ts'
import type { Publisher, ResultRecorder } from '../canvas/publisher.ts'
import { Task, type RunnableTask } from '../canvas/task.ts'
import type { TaskMessage } from '../wire/task-request.ts'
import { executeTask } from './execute-task.ts'
import { Fifo } from './fifo.ts'
import { Timetable } from './timetable.ts'

export interface LocalQueueOptions {
  /** How many tasks run at a time. Default: 10. */
  readonly concurrency?: number
  /** Told when the store failed under a task, whose outcome is then unknown. Default: a process warning. */
  readonly onError?: (error: unknown, message: TaskMessage) => void
}

// A task that puts its message back at once, for ever, must leave time for everything else.
const REQUEUE_SECONDS = 0.05

/** Runs tasks in this process. Its messages are gone when the process is. */
export class LocalQueue implements Publisher {
  readonly durable = false
  readonly #tasks: ReadonlyMap<string, RunnableTask>
  readonly #concurrency: number
  readonly #onError: (error: unknown, message: TaskMessage) => void
  readonly #waiting = new Fifo<TaskMessage>()
  readonly #later = new Timetable<TaskMessage>((message) => this.#enqueue([message]))
  readonly #abort = new AbortController()
  readonly #hostname = `local@${hostname()}`
  #idle = Promise.withResolvers<void>()
  #recorder: ResultRecorder | undefined
  #running = 0
  #state: 'open' | 'closing' | 'closed' = 'open'

  constructor(tasks: readonly RunnableTask[], { concurrency = 10, onError = warn }: LocalQueueOptions = {}) {
    if (!(concurrency >= 1)) throw new TypeError('concurrency must be at least 1')
    this.#tasks = new Map(tasks.map((task) => [task.name, task]))
    this.#concurrency = concurrency
    this.#onError = onError
    this.#idle.resolve()
  }

  /** What there is to do: running now, waiting for a free place, waiting for its time. */
  get counts(): { readonly running: number; readonly waiting: number; readonly scheduled: number } {
    return { running: this.#running, waiting: this.#waiting.size, scheduled: this.#later.size }
  }

  bind(recorder: ResultRecorder): void {
    this.#recorder = recorder
    this.#start()
  }

  publish(messages: readonly TaskMessage[]): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(new BackendError('disposed', 'The queue is closed'))
    // A task that is still running may publish, but nothing starts any more.
    if (this.#state === 'closing' || messages.length === 0) return Promise.resolve()
    this.#busy()
    const now: TaskMessage[] = []
    for (const message of messages) {
      const { countdownSeconds = 0 } = message
      if (countdownSeconds > 0) this.#later.add(message, countdownSeconds)
      else now.push(message)
    }
    this.#enqueue(now)
    return Promise.resolve()
  }

  /** Resolves when nothing is left to do, retries and what tasks publish themselves included. */
  async drain(): Promise<void> {
    await this.#idle.promise
  }

  /** Lets running tasks finish and forgets the waiting ones. `signal` then aborts the signal of the running tasks. */
  async close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing'
    this.#forget()
    const abort = (): void => this.#abort.abort(options.signal?.reason)
    if (options.signal?.aborted === true) abort()
    options.signal?.addEventListener('abort', abort, { once: true })
    await this.#idle.promise
    options.signal?.removeEventListener('abort', abort)
    this.#state = 'closed'
  }

  #enqueue(messages: readonly TaskMessage[]): void {
    if (this.#state !== 'open') return this.#settle()
    for (const message of messages) this.#waiting.push(message)
    // Not at once: whoever publishes goes on first, and a burst of messages is one start.
    queueMicrotask(() => this.#start())
  }

  #start(): void {
    const recorder = this.#recorder
    if (recorder === undefined || this.#state !== 'open') return
    while (this.#running < this.#concurrency) {
      const message = this.#waiting.shift()
      if (message === undefined) return
      this.#running += 1
      void this.#run(message, recorder)
    }
  }

  async #run(message: TaskMessage, recorder: ResultRecorder): Promise<void> {
    const task = this.#tasks.get(message.task) ?? new Task(message.task)
    try {
      const request = { ...message, hostname: this.#hostname }
      const { state } = await executeTask(task, request, recorder, { signal: this.#abort.signal })
      if (state === 'REJECTED' && this.#state === 'open') this.#later.add(message, REQUEUE_SECONDS)
      if (message.bodyOf !== undefined && state !== 'REJECTED' && state !== 'RETRY')
        await recorder.messageEnded(message)
    } catch (error) {
      this.#onError(error, message)
      if (message.bodyOf !== undefined) await recorder.messageLost(message)
    } finally {
      this.#running -= 1
      this.#start()
      this.#settle()
    }
  }

  #forget(): void {
    this.#waiting.clear()
    this.#later.clear()
    this.#settle()
  }

  #busy(): void {
    if (this.#isIdle()) this.#idle = Promise.withResolvers()
  }

  #settle(): void {
    if (this.#isIdle()) this.#idle.resolve()
  }

  #isIdle(): boolean {
    return this.#running + this.#waiting.size + this.#later.size === 0
  }
}

function warn(error: unknown, { task, id }: TaskMessage): void {
  process.emitWarning(`The outcome of ${task}[${id}] could not be stored: ${String(error)}`, 'ArpeggioWarning')
}
