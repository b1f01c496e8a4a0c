import { randomUUID } from 'node:crypto'
import { GcsBackend } from '@arpeggio/backend-gcs'
import { Results } from '@arpeggio/core'
import { gcs as startGcs } from '@arpeggio/testing'
import { Storage } from '@google-cloud/storage'
import type { Benchmark, Count } from './benchmark.ts'
import { ChordLife } from './chord-life.ts'
import { inParallel } from './in-parallel.ts'
import type { Case, Goal, Round } from './measure.ts'
import { ordinaryMeta, ordinaryResult } from './ordinary-meta.ts'

const server = await startGcs({ own: true })
const client = new Storage({ projectId: 'bench', apiEndpoint: server.url })
/** The local server slows down with every object in a bucket. */
const OBJECTS = 500
const CONCURRENCY = 100
const PARTS = 100

/** Cloud Storage through everything that `Results` does, against the official client doing the same. */
export const gcs: Benchmark = {
  summary: `storing and reading in ${server.detail}, against @google-cloud/storage alone`,
  sections: [
    {
      title: `saving, ${CONCURRENCY} in flight`,
      cases: [rawSave(CONCURRENCY), save(CONCURRENCY, { timesFloor: 0.55 })],
    },
    { title: 'saving, one at a time', cases: [rawSave(1), save(1, { timesFloor: 1.05 })] },
    { title: `reading, ${CONCURRENCY} in flight`, cases: [rawDownload(), get({ timesFloor: 1.05 })] },
  ],
  tallies: [{ title: 'requests per part of a chord, objects alone', count: requestsPerPart }],
}

function key(index: number): string {
  return `celery-task-meta-id-${index}`
}

function encoded(index: number): string {
  return JSON.stringify(ordinaryMeta(`id-${index}`, index))
}

async function freshBucket(): Promise<string> {
  const name = `bench-${randomUUID()}`
  await client.createBucket(name)
  return name
}

function resultsOn(bucket: string): Results {
  return new Results({ backend: new GcsBackend({ bucket, storage: client }) })
}

function rawSave(concurrency: number): Case {
  return {
    name: 'file.save, ifGenerationMatch 0',
    operations: OBJECTS,
    prepare: async (): Promise<Round> => {
      const bucket = client.bucket(await freshBucket())
      const options = { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } }
      return {
        run: () => inParallel(OBJECTS, concurrency, (index) => bucket.file(key(index)).save(encoded(index), options)),
      }
    },
  }
}

function save(concurrency: number, goal: Goal): Case {
  return {
    name: 'results.markAsDone',
    operations: OBJECTS,
    goal,
    prepare: async (): Promise<Round> => {
      const results = resultsOn(await freshBucket())
      await results.markAsDone('warm-up', null)
      return {
        run: () =>
          inParallel(OBJECTS, concurrency, (index) => results.markAsDone(`id-${index}`, ordinaryResult(index))),
        close: () => results.close(),
      }
    },
  }
}

async function filledBucket(): Promise<string> {
  const bucket = await freshBucket()
  const results = resultsOn(bucket)
  await inParallel(OBJECTS, CONCURRENCY, (index) => results.markAsDone(`id-${index}`, ordinaryResult(index)))
  await results.close()
  return bucket
}

function rawDownload(): Case {
  return {
    name: 'file.download and JSON.parse',
    operations: OBJECTS,
    prepare: async (): Promise<Round> => {
      const bucket = client.bucket(await filledBucket())
      return {
        run: () =>
          inParallel(OBJECTS, CONCURRENCY, async (index) => {
            const [bytes] = await bucket.file(key(index)).download()
            JSON.parse(bytes.toString())
          }),
      }
    },
  }
}

function get(goal: Goal): Case {
  return {
    name: 'results.getMany',
    operations: OBJECTS,
    goal,
    prepare: async (): Promise<Round> => {
      const results = resultsOn(await filledBucket())
      const ids = Array.from({ length: OBJECTS }, (_, index) => `id-${index}`)
      return {
        run: async () => {
          await results.getMany(ids)
        },
        close: () => results.close(),
      }
    },
  }
}

/** Counted where they leave the process. */
async function requestsPerPart(): Promise<readonly Count[]> {
  const life = new ChordLife(new GcsBackend({ bucket: await freshBucket(), storage: client }))
  await life.run(1, 1)
  const counts = new Map<string, number>()
  const plain = globalThis.fetch
  globalThis.fetch = (input, init) => {
    const kind = kindOf(input instanceof Request ? input.url : input.toString(), init?.method ?? 'GET')
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    return plain(input, init)
  }
  try {
    await life.run(PARTS, 1)
  } finally {
    globalThis.fetch = plain
    await life.results.close()
  }
  return [...counts].map(([name, count]) => ({ name, value: count / PARTS }))
}

function kindOf(url: string, method: string): string {
  if (method === 'DELETE') return 'deletes, free'
  if (method === 'POST') return 'writes, class A'
  return /\/o\?/u.test(url) ? 'lists, class A' : 'reads, class B'
}
