import { LocalQueue, type Publisher, type RunnableTask, type TaskMessage } from '@arpeggio/core'
import type { Calls } from './calls.ts'
import type { SimulatedProcess } from './process.ts'

export interface LocalPublisherOptions {
  readonly calls: Calls
  readonly process: SimulatedProcess
  readonly tasks: readonly RunnableTask[]
  readonly concurrency: number
  readonly onPublish: (message: TaskMessage) => void
  /** Told when a message was lost because the store failed under its task. */
  readonly onLost: () => void
}

/** The product's own queue, whose messages end with the process. */
export class LocalPublisher implements Publisher {
  readonly durable = false
  readonly bind: NonNullable<Publisher['bind']>
  readonly #queue: LocalQueue
  readonly #options: LocalPublisherOptions

  constructor(options: LocalPublisherOptions) {
    const { tasks, concurrency, onLost } = options
    this.#options = options
    this.#queue = new LocalQueue(tasks, { concurrency, onError: onLost })
    this.bind = (recorder) => this.#queue.bind(recorder)
  }

  get isIdle(): boolean {
    const { running, waiting, scheduled } = this.#queue.counts
    return running + waiting + scheduled === 0
  }

  publish(messages: readonly TaskMessage[]): Promise<void> {
    const { calls, process, onPublish } = this.#options
    return calls.make({
      process,
      target: 'process',
      label: () => `publish ${messages.map(({ task, id }) => `${task}[${id}]`).join(', ')} to itself`,
      apply: async () => {
        for (const message of messages) onPublish(message)
        await this.#queue.publish(messages)
      },
    })
  }
}
