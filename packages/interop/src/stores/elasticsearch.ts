import { randomUUID } from 'node:crypto'
import { ElasticsearchBackend } from '@arpeggio/backend-elasticsearch'
import { elasticsearch } from '@arpeggio/testing'
import type { StoreRow } from '../store-row.ts'

export const elasticsearchRow: StoreRow = {
  name: 'Elasticsearch',
  lacks: {
    binary: 'Celery keeps text there',
    counting: 'nobody counts parts there; celery.chord_unlock waits for the header as it was',
    expiry: 'what Celery stores there never expires',
    push: 'documents tell nobody of changes',
  },
  async start() {
    const { url } = await elasticsearch()
    const index = `interop-${randomUUID()}`
    const address = `${url.replace(/^http/u, 'elasticsearch')}/${index}`
    return {
      celery: { result_backend: address },
      environment: {},
      open: () => new ElasticsearchBackend({ url: address }),
      dump: async (end) => {
        await fetch(`${url}/${index}/_refresh`, { method: 'POST' })
        const response = await fetch(`${url}/${index}/_search?size=10000`)
        const { hits } = (await response.json()) as Found // the API's answer
        const found = hits.hits.filter(({ _id: id }) => id.endsWith(`-${end}`))
        return new Map(found.map(({ _id: id, _source: source }) => [id, Buffer.from(JSON.stringify(source))]))
      },
      restore: async (key, value) => {
        const headers = { 'content-type': 'application/json' }
        const body = new Uint8Array(value)
        await fetch(`${url}/${index}/_doc/${encodeURIComponent(key)}`, { method: 'PUT', headers, body })
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  },
}

interface Found {
  readonly hits: { readonly hits: readonly { readonly _id: string; readonly _source: unknown }[] }
}
