import { RedisBackend } from '@arpeggio/backend-redis'
import { Results } from '@arpeggio/core'
import { Redis } from 'ioredis'
import { NodeWorker } from '../node-worker.ts'

// A worker of ours in a process of its own, which dies when it is to publish anything: node dying-worker.ts <broker> <queue> <store>
const [, , brokerUrl = '', queue = '', storeUrl = ''] = process.argv
const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise<never>(() => undefined)
}
const results = new Results({
  backend: new RedisBackend({ url: storeUrl }),
  publisher: { durable: true, peers: 'celery', publish: die },
  chordLeaseSeconds: 1,
  sweepSeconds: false,
})
const worker = new NodeWorker(new Redis(brokerUrl), queue, results)
process.once('SIGTERM', () => void worker[Symbol.asyncDispose]())
