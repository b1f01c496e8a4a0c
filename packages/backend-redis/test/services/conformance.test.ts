import { redis } from '@arpeggio/testing'
import { registerServer } from './redis-harness.ts'

registerServer(await redis(), 20)
