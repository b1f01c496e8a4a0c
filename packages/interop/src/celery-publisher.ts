import { randomUUID } from 'node:crypto'
import { encodeJson, encodeMessage, type Publisher, type TaskMessage } from '@arpeggio/core'
import { Redis } from 'ioredis'

/** Sends tasks to workers of Celery's through a list in Redis: no more than these tests need of a publisher. */
export class CeleryPublisher implements Publisher {
  readonly durable = true
  readonly peers = 'celery'
  readonly #client: Redis
  readonly #queue: string

  constructor(url: string, queue: string) {
    this.#client = new Redis(url)
    this.#queue = queue
  }

  async publish(messages: readonly TaskMessage[]): Promise<void> {
    const pipeline = this.#client.pipeline()
    for (const message of messages) {
      const queue = message.queue ?? this.#queue
      pipeline.lpush(queue, envelope(message, queue))
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
  }

  async close(): Promise<void> {
    await this.#client.quit()
  }
}

/** A message as Celery's Redis transport keeps it. */
function envelope(message: TaskMessage, queue: string): string {
  const { headers, body } = encodeMessage(message)
  return encodeJson({
    body: Buffer.from(encodeJson(body)).toString('base64'),
    'content-encoding': 'utf-8',
    'content-type': 'application/json',
    headers,
    properties: {
      correlation_id: message.id,
      reply_to: '',
      delivery_mode: 2,
      delivery_info: { exchange: '', routing_key: queue },
      priority: message.priority ?? 0,
      body_encoding: 'base64',
      delivery_tag: randomUUID(),
    },
  })
}
