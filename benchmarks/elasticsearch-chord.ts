import { ElasticsearchBackend } from '@arpeggio/backend-elasticsearch'
import { chord, Results, task, type TaskMessage } from '@arpeggio/core'
import { Client } from '@elastic/elasticsearch'
import type { Count } from './benchmark.ts'
import { inParallel } from './in-parallel.ts'
import { ordinaryResult } from './ordinary-meta.ts'

const part = task('part', (index: number) => ordinaryResult(index))
const body = task('body', (results: readonly unknown[]) => results.length)

/** What the parts of a chord ask of the server, their own results included, until the body is published. */
export async function joinElasticsearch(url: string, parts: number, concurrency: number): Promise<readonly Count[]> {
  const client = new Client({ node: url })
  const traffic = new Traffic(client)
  const outbox: TaskMessage[] = []
  const published: number[] = []
  const publish = async (messages: readonly TaskMessage[]): Promise<void> => {
    outbox.push(...messages)
    published.push(performance.now())
  }
  const backend = new ElasticsearchBackend({ client, index: `chord-${parts}` })
  const results = new Results({ backend, publisher: { durable: true, publish }, sweepSeconds: false })
  await results.apply(
    chord(
      Array.from({ length: parts }, (_, index) => part.s(index)),
      body,
    ),
  )
  const messages = outbox.splice(0)
  traffic.forget()
  let lastPartAt = 0
  await inParallel(parts, concurrency, async (index) => {
    const request = messages[index]
    lastPartAt = performance.now()
    if (request !== undefined) await results.markAsDone(request.id, ordinaryResult(index), { request })
  })
  await results.close()
  await client.indices.delete({ index: `chord-${parts}` })
  await client.close()
  return [
    concurrency === 1
      ? { name: 'requests per part', value: traffic.requests / parts, most: 4.4 }
      : { name: 'requests per part, shared', value: traffic.requests / parts },
    { name: 'conflicts per write', value: traffic.conflicts / traffic.writes, most: 0.05 },
    { name: 'from the last part to the body, ms', value: (published.at(-1) ?? Infinity) - lastPartAt, most: 250 },
  ]
}

interface Answer {
  readonly items?: readonly Readonly<Record<string, { readonly status: number }>>[]
}

/** Counts what a client asks for. */
class Traffic {
  requests = 0
  writes = 0
  conflicts = 0

  constructor(client: Client) {
    client.diagnostic.on('response', (_, event) => {
      const { items = [] } = (event?.body ?? {}) as Answer // of a bulk request, and nothing like it of others
      const statuses = items.flatMap((item) => Object.values(item).map(({ status }) => status))
      this.requests += 1
      this.writes += statuses.length
      this.conflicts += statuses.filter((status) => status === 409).length
    })
  }

  forget(): void {
    this.requests = this.writes = this.conflicts = 0
  }
}
