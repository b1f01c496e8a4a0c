import { inParallel } from './in-parallel.ts'
import { encodedMeta, ordinaryKey } from './ordinary-meta.ts'
import { withRedis } from './with-redis.ts'

/** Stores ordinary results as Celery does, 100 at a time, and prints when the last of them was stored. */
const [, , url = '', count = '0'] = process.argv
await withRedis(url, (client) =>
  inParallel(Number(count), 100, async (index) => {
    const [key, value] = [ordinaryKey(index), encodedMeta(index)]
    await client.multi().setex(key, 86_400, value).publish(key, value).exec()
  }),
)
console.log(Date.now())
