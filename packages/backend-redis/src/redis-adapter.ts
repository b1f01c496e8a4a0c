import type { Adapter } from '@arpeggio/core'
import { RedisBackend } from './redis-backend.ts'

/** Opens Celery's addresses of Redis: `redis:`, `rediss:`, `redis+socket:`, `socket:` and `sentinel:`. */
export const redisAdapter: Adapter = {
  schemes: ['redis', 'rediss', 'redis+socket', 'socket', 'sentinel'],
  package: '@arpeggio/backend-redis',
  open: async (url) => new RedisBackend({ url }),
}
