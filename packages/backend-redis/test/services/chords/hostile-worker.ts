import { Results, type TaskMessage } from '@arpeggio/core'
import { RedisBackend } from '../../../src/index.ts'

/** What a worker is told, and what it answers with the same number. */
export type Delivery = { readonly number: number; readonly message: TaskMessage; readonly value: unknown }
export type Answer =
  | { readonly kind: 'done'; readonly number: number }
  | { readonly kind: 'publish'; readonly number: number; readonly messages: readonly TaskMessage[] }

const [url = '', options = '{}'] = process.argv.slice(2)
const published = new Map<number, () => void>()
let count = 0

/** The queue is the parent: what it has acknowledged outlives this process. */
const results = new Results({
  backend: new RedisBackend({ url }),
  publisher: {
    durable: true,
    publish: (messages) =>
      new Promise<void>((resolve) => {
        const number = count++
        published.set(number, resolve)
        process.send?.({ kind: 'publish', number, messages } satisfies Answer)
      }),
  },
  ...(JSON.parse(options) as object),
})

process.on('message', (told: Delivery | { readonly acknowledged: number }) => {
  if ('acknowledged' in told) published.get(told.acknowledged)?.()
  else void finish(told)
})

async function finish({ number, message, value }: Delivery): Promise<void> {
  try {
    await results.markAsDone(message.id, value, { request: message })
    process.send?.({ kind: 'done', number } satisfies Answer)
  } catch {
    // not acknowledged: it is delivered again, as a queue does
    process.exit(1)
  }
}
