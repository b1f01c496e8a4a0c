import { register } from '@arpeggio/conformance'
import { redis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { describe, it } from 'vitest'
import { harnessOf } from './redis-harness.ts'

const { url } = await redis()

register(
  harnessOf({
    name: 'redis',
    options: async () => ({ url }),
    release: () => {},
    killSubscribers: async () => {
      const client = new Redis(url)
      await client.client('KILL', 'TYPE', 'PUBSUB')
      client.disconnect()
    },
  }),
  { describe, it },
)
