import type { Publisher, TaskMessage } from '../../src/index.ts'

/** A queue that keeps its messages. */
export class RecordedPublisher implements Publisher {
  readonly durable = true
  readonly messages: TaskMessage[] = []
  isClosed = false

  async publish(messages: readonly TaskMessage[]): Promise<void> {
    this.messages.push(...messages)
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}
