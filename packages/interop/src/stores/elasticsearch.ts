import { randomUUID } from 'node:crypto'
import { ElasticsearchBackend } from '@arpeggio/backend-elasticsearch'
import { elasticsearch } from '@arpeggio/testing'
import { chords } from '../cases/chords.ts'
import type { RunningStore, StoreRow } from '../store-row.ts'

const lacks: StoreRow['lacks'] = {
  adding: 'celery.chord_unlock waits for the header as it was',
  binary: 'Celery keeps text there',
  capturing: 'nobody counts parts there',
  counting: 'nobody counts parts there',
  expiry: 'what Celery stores there never expires',
  push: 'documents tell nobody of changes',
}

export const elasticsearchRow: StoreRow = { name: 'Elasticsearch', lacks, chords, start: () => started(true) }

/** With `elasticsearch_save_meta_as_text` off. */
export const elasticsearchObjectsRow: StoreRow = {
  name: 'Elasticsearch, documents as objects',
  lacks: {
    ...lacks,
    'empty objects': 'Celery stores them as objects, and all other results as text, which one mapping cannot hold',
    yaml: 'the members of an object are read as JSON here',
  },
  chords: [],
  start: () => started(false),
}

async function started(saveMetaAsText: boolean): Promise<RunningStore> {
  const { url } = await elasticsearch()
  const index = `interop-${randomUUID()}`
  const address = `${url.replace(/^http/u, 'elasticsearch')}/${index}`
  return {
    celery: {
      result_backend: address,
      elasticsearch_save_meta_as_text: saveMetaAsText,
      // Celery's ten seconds are short for a server that has just started, on a machine that does much else.
      elasticsearch_timeout: 60,
    },
    environment: {},
    open: () => new ElasticsearchBackend({ url: address, saveMetaAsText }),
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
}

interface Found {
  readonly hits: { readonly hits: readonly { readonly _id: string; readonly _source: unknown }[] }
}
