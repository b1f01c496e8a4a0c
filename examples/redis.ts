// Needs a Redis server, so no test compares what it prints.
// #region redis
import { RedisBackend } from '@arpeggio/backend-redis'
import { group, LocalQueue, Results, task } from '@arpeggio/core'

const add = task('add', (a: number, b: number) => a + b)

const results = new Results({
  backend: new RedisBackend({ url: process.env['REDIS_URL'] ?? 'redis://localhost:6379/0' }),
  publisher: new LocalQueue([add], { concurrency: 4 }),
})
const sums = await results.apply(group([add.s(1, 2), add.s(3, 4)]))
console.log(await sums.get({ timeoutMs: 5_000 })) // [ 3, 7 ], numbers
await results.close()
// #endregion redis
