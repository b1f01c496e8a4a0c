import { flushCompileCache } from 'node:module'
import { RedisBackend } from '@arpeggio/backend-redis'
import { type ChordLedger, type Publisher, Results, wrap } from '@arpeggio/core'
import { Redis } from 'ioredis'
import { CeleryPublisher } from '../celery-publisher.ts'
import { NodeWorker } from '../node-worker.ts'

// A worker of ours in a process of its own, which dies at a step: node dying-worker.ts <broker> <queue> <store> <when call nth>
const [, , brokerUrl = '', queue = '', storeUrl = '', step = ''] = process.argv
const [when = '', call = '', nth = '1'] = step.split(' ')

let count = 0

/** An object whose calls are where the process may die. */
function watched<Target extends object>(target: Target): Target {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function' || name !== call)
        return typeof member === 'function' ? member.bind(target) : member
      return async (...args: readonly unknown[]) => {
        count += 1
        if (count === Number(nth) && when === 'before') await die()
        const answer: unknown = await Reflect.apply(member, target, args)
        return count === Number(nth) && when === 'after' ? await die() : answer
      }
    },
  })
}

function die(): Promise<never> {
  flushCompileCache() // for the next of these
  process.kill(process.pid, 'SIGKILL')
  return new Promise<never>(() => undefined)
}

const backend = new RedisBackend({ url: storeUrl })
const open = (context: Parameters<typeof backend.chords.open>[0]): ChordLedger | undefined => {
  const ledger = backend.chords.open(context)
  return ledger && watched(ledger)
}
const publisher: Publisher = watched(new CeleryPublisher(brokerUrl, queue))
const results = new Results({
  backend: wrap(backend, { chords: { open } }),
  publisher,
  chordLeaseSeconds: 1,
  sweepSeconds: false,
})
const worker = new NodeWorker(new Redis(brokerUrl), queue, results)
process.once('SIGTERM', () => void worker[Symbol.asyncDispose]())
