import type { StoreRow } from './store-row.ts'
import { elasticsearchObjectsRow, elasticsearchRow } from './stores/elasticsearch.ts'
import { gcsRow } from './stores/gcs.ts'
import { redisRow } from './stores/redis.ts'

/** The stores that Celery and we have in common. */
export const rows: readonly StoreRow[] = [redisRow, elasticsearchRow, elasticsearchObjectsRow, gcsRow]
