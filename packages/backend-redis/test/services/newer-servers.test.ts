import { redis8, valkey8 } from '@arpeggio/testing'
import { Redis } from 'ioredis'
import { afterAll, describe, it } from 'vitest'
import { killSubscribersOf, nameOf, registerRow, uniqueId } from './redis-harness.ts'

const servers = await Promise.all([redis8(), valkey8()])

for (const { url, detail } of servers) {
  const admin = new Redis(url)
  afterAll(() => admin.disconnect())
  registerRow(
    {
      name: detail,
      options: async () => ({ url, clientName: uniqueId() }),
      release: () => {},
      killSubscribers: (backend) => killSubscribersOf(admin, nameOf(backend)),
    },
    { describe: describe.concurrent, it },
  )
}
