import { redis8, valkey8 } from '@arpeggio/testing'
import { registerServer } from './redis-harness.ts'

for (const server of await Promise.all([redis8(), valkey8()])) registerServer(server)
