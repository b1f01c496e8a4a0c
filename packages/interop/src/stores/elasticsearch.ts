import { randomUUID } from 'node:crypto'
import { ElasticsearchBackend } from '@arpeggio/backend-elasticsearch'
import type { Backend } from '@arpeggio/core'
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
  lacks: { ...lacks, yaml: 'the members of an object are read as JSON here' },
  chords: [],
  start: () => started(false),
}

async function started(saveMetaAsText: boolean): Promise<RunningStore> {
  const { url } = await elasticsearch()
  const index = `interop-${randomUUID()}`
  const address = `${url.replace(/^http/u, 'elasticsearch')}/${index}`
  const open = (): Backend => new ElasticsearchBackend({ url: address, saveMetaAsText })
  if (!saveMetaAsText) await makeIndex(open())
  return {
    celery: {
      result_backend: address,
      elasticsearch_save_meta_as_text: saveMetaAsText,
      // Celery's ten seconds are short for a server that has just started, on a machine that does much else.
      elasticsearch_timeout: 60,
    },
    environment: {},
    open,
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

/** Without our mapping the first object to come would decide what all others may hold. */
async function makeIndex(backend: Backend): Promise<void> {
  await backend.set({ key: 'first', value: '' })
  await backend[Symbol.asyncDispose]()
}

interface Found {
  readonly hits: { readonly hits: readonly { readonly _id: string; readonly _source: unknown }[] }
}
