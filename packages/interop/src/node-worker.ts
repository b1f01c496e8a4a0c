import {
  chordUnlockTask,
  decodeJson,
  decodeMessage,
  executeTask,
  type Results,
  type RunnableTask,
  Task,
  type TaskMessage,
} from '@arpeggio/core'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { nodeTasks } from './node-tasks.ts'

const PATIENCE_SECONDS = 1

/** Runs tasks that Celery, or we, put into a queue: no more than these tests need of a worker. */
export class NodeWorker implements AsyncDisposable {
  readonly #client: Redis
  readonly #queue: string
  readonly #tasks: ReadonlyMap<string, RunnableTask>
  readonly #results: Results
  readonly #running = new Set<Promise<unknown>>()
  readonly #over = new AbortController()
  readonly #loop: Promise<void>

  constructor(broker: Redis, queue: string, results: Results) {
    this.#client = broker.duplicate()
    this.#queue = queue
    const tasks = [...nodeTasks(broker), chordUnlockTask(() => results)]
    this.#tasks = new Map(tasks.map((task) => [task.name, task]))
    this.#results = results
    this.#loop = this.#consume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await this.#loop
    await Promise.allSettled(this.#running)
    await this.#client.quit()
  }

  async #consume(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const [, text] = (await this.#client.brpop(this.#queue, PATIENCE_SECONDS)) ?? []
      if (text === undefined) continue
      const run = this.#run(messageOf(text))
      this.#running.add(run)
      void run.finally(() => this.#running.delete(run))
    }
  }

  async #run(message: TaskMessage): Promise<void> {
    const { signal } = this.#over
    await delay((message.countdownSeconds ?? 0) * 1_000, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    const task = this.#tasks.get(message.task) ?? new Task(message.task)
    const request = { ...message, hostname: `node@${hostname()}`, deliveryInfo: { routingKey: this.#queue } }
    await executeTask(task, request, this.#results)
    await this.#results.messageEnded(message)
  }
}

function messageOf(text: string): TaskMessage {
  const { headers, body } = decodeJson(text) as {
    readonly headers: Readonly<Record<string, unknown>>
    readonly body: string
  } // as Celery's transport writes it
  return decodeMessage({ headers, body: decodeJson(Buffer.from(body, 'base64').toString('utf8')) })
}
