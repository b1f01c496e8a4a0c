import type { StoreRow } from './store-row.ts'
import { redisRow } from './stores/redis.ts'

/** The stores that Celery and we have in common. */
export const rows: readonly StoreRow[] = [redisRow]
