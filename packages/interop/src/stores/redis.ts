import { RedisBackend } from '@arpeggio/backend-redis'
import { redis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { chords } from '../cases/chords.ts'
import { redisChords } from '../cases/redis-chords.ts'
import { redisCrashes } from '../cases/redis-crashes.ts'
import type { StoreRow } from '../store-row.ts'

export const redisRow: StoreRow = {
  name: 'Redis',
  lacks: {},
  chords: [...chords, ...redisChords, ...redisCrashes],
  async start() {
    const { url } = await redis()
    const client = new Redis(url)
    return {
      celery: { result_backend: `${url}/0` },
      environment: {},
      open: ({ chordOrdered = true }) => new RedisBackend({ url: `${url}/0`, chordOrdered }),
      dump: async (end) => {
        const keys = (await client.keys(`*-${end}`)).toSorted()
        const values = await Promise.all(keys.map(async (key) => [key, await client.getBuffer(key)] as const))
        return new Map(values.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])))
      },
      restore: async (key, value) => {
        await client.set(key, value)
      },
      lifetime: async (key) => {
        const seconds = await client.ttl(key)
        return seconds === -1 ? null : seconds
      },
      [Symbol.asyncDispose]: async () => {
        await client.quit()
      },
    }
  },
}
