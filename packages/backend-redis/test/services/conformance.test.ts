import { redis } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { afterAll, describe, it } from 'vitest'
import { killSubscribersOf, nameOf, registerRow, uniqueId } from './redis-harness.ts'

const { url, detail } = await redis()
const admin = new Redis(url)
afterAll(() => admin.disconnect())

registerRow(
  {
    name: detail,
    options: async () => ({ url, clientName: uniqueId() }),
    release: () => {},
    killSubscribers: (backend) => killSubscribersOf(admin, nameOf(backend)),
    rounds: 20,
  },
  { describe: describe.concurrent, it },
)
