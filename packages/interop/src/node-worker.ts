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

/** Runs tasks that Celery, or we, put into a queue: no more than these tests need of a worker. */
export class NodeWorker implements AsyncDisposable {
  readonly #broker: Redis
  readonly #client: Redis
  readonly #queue: string
  readonly #tasks: ReadonlyMap<string, RunnableTask>
  readonly #results: Results
  readonly #running = new Set<Promise<unknown>>()
  readonly #over = new AbortController()
  readonly #loop: Promise<void>

  constructor(broker: Redis, queue: string, results: Results) {
    this.#broker = broker
    this.#client = broker.duplicate()
    this.#queue = queue
    const tasks = [...nodeTasks(broker), chordUnlockTask(() => results)]
    this.#tasks = new Map(tasks.map((task) => [task.name, task]))
    this.#results = results
    this.#loop = this.#consume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    this.#client.disconnect() // it may be waiting for a message
    await this.#loop
    await Promise.allSettled(this.#running)
  }

  async #consume(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const [, text] = (await this.#client.brpop(this.#queue, 0).catch(this.#unlessOver)) ?? []
      if (text === undefined) continue
      const run = this.#run(messageOf(text))
      this.#running.add(run)
      void run.finally(() => this.#running.delete(run))
    }
  }

  readonly #unlessOver = (error: unknown): null => {
    if (this.#over.signal.aborted) return null
    throw error
  }

  async #run(message: TaskMessage): Promise<void> {
    const { signal } = this.#over
    await delay((message.countdownSeconds ?? 0) * 1_000, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    const task = this.#tasks.get(message.task) ?? new Task(message.task)
    const request = { ...message, hostname: `node@${hostname()}`, deliveryInfo: { routingKey: this.#queue } }
    await executeTask(task, request, this.#results)
    await this.#results.messageEnded(message)
    await this.#broker.rpush(`ended-${message.id}`, 1) // as in python/tasks.py
  }
}

function messageOf(text: string): TaskMessage {
  const { headers, body } = decodeJson(text) as {
    readonly headers: Readonly<Record<string, unknown>>
    readonly body: string
  } // as Celery's transport writes it
  return decodeMessage({ headers, body: decodeJson(Buffer.from(body, 'base64').toString('utf8')) })
}
