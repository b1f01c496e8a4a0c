import { Client } from '@elastic/elasticsearch'
import { Results, type ResultsOptions } from '@arpeggio/core'
import { elasticsearch } from '@arpeggio/testing'
import { afterAll } from 'vitest'
import { ElasticsearchBackend, type SharedOptions } from '../../src/index.ts'
import { uniqueIndex } from './elasticsearch-harness.ts'

export const { url } = await elasticsearch()

/** Looks at the indices past the backend. */
export const client = new Client({ node: url })
afterAll(() => client.close())

export function backendOf(index = uniqueIndex(), options: SharedOptions = {}): ElasticsearchBackend {
  return new ElasticsearchBackend({ url: `${url}/${index}`, ...options })
}

export function resultsOf(backend: ElasticsearchBackend, options: Partial<ResultsOptions> = {}): Results {
  return new Results({ ...options, backend })
}
