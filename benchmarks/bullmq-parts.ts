import { FlowProducer, type Job, Worker } from 'bullmq'
import { inParallel } from './in-parallel.ts'
import type { Case, Round } from './measure.ts'
import { withRedis } from './with-redis.ts'

const token = 'bench'

export interface BullmqParts {
  readonly url: string
  readonly flows: number
  readonly size: number
  readonly inFlight: number
  readonly value: string
}

/** The children of flows, BullMQ's chords: a worker has fetched all of them before, and ends them but for one of each flow. */
export function bullmqParts({ url, flows, size, inFlight, value }: BullmqParts): Case {
  const { hostname: host, port } = new URL(url)
  const connection = { host, port: Number(port), maxRetriesPerRequest: null }
  return {
    name: 'BullMQ, Job.moveToCompleted of a child',
    operations: flows * (size - 1),
    prepare: async (): Promise<Round> => {
      await withRedis(url, (client) => client.flushall())
      const producer = new FlowProducer({ connection })
      for (let flow = 0; flow < flows; flow++) await producer.add(flowOf(size))
      const worker = new Worker<number>('parts', undefined, {
        connection,
        autorun: false,
        lockDuration: 600_000,
        skipStalledCheck: true,
        skipLockRenewal: true,
      })
      const jobs: Job<number>[] = []
      await inParallel(flows * size, inFlight, async () => {
        const job = await worker.getNextJob(token, { block: false })
        if (job !== undefined && job.data > 0) jobs.push(job)
      })
      if (jobs.length !== flows * (size - 1)) throw new Error(`${jobs.length} jobs were fetched`)
      return {
        run: () => inParallel(jobs.length, inFlight, async (at) => jobs[at]?.moveToCompleted(value, token, false)),
        close: async () => {
          await worker.close()
          await producer.close()
        },
      }
    },
  }
}

function flowOf(size: number): Parameters<FlowProducer['add']>[0] {
  const children = Array.from({ length: size }, (_, index) => ({ name: 'part', queueName: 'parts', data: index }))
  return { name: 'body', queueName: 'bodies', children }
}
