import type { Adapter } from '@arpeggio/core'
import { ElasticsearchBackend } from './elasticsearch-backend.ts'

/** Opens `elasticsearch://host:9200/index`, and `elasticsearch+https://…`, of which `Results.open` takes the first word off. */
export const elasticsearchAdapter: Adapter = {
  schemes: ['elasticsearch'],
  package: '@arpeggio/backend-elasticsearch',
  open: async (url) => new ElasticsearchBackend({ url }),
}
