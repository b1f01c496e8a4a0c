import { randomUUID } from 'node:crypto'
import { GcsBackend } from '@arpeggio/backend-gcs'
import { chord, Results, task, type TaskMessage } from '@arpeggio/core'
import { firestore as startFirestore, gcs as startGcs } from '@arpeggio/testing'
import { FieldValue, Firestore } from '@google-cloud/firestore'
import { Storage } from '@google-cloud/storage'
import type { Benchmark, Count } from './benchmark.ts'
import { ChordLife } from './chord-life.ts'
import { inParallel } from './in-parallel.ts'
import type { Case, Goal, Round } from './measure.ts'
import { encodedMeta, ordinaryId, ordinaryKey, ordinaryResult } from './ordinary-meta.ts'
import { type Opened, storing, throughResults } from './results-cases.ts'

const server = await startGcs({ own: true })
const client = new Storage({ projectId: 'bench', apiEndpoint: server.url })
const emulator = await startFirestore({ own: true })
const documents = new Firestore({ projectId: 'bench', host: emulator.url, ssl: false })
/** The local server slows down with every object in a bucket. */
const OBJECTS = 500
const CONCURRENCY = 100
const PARTS = 100
/** More make the emulator refuse what all write to one document. */
const SHARED = 20

/** Cloud Storage through everything that `Results` does, against the official client doing the same. */
export const gcs: Benchmark = {
  summary: `storing and reading in ${server.detail}, counting in the ${emulator.detail}, against Google's clients alone`,
  sections: [
    {
      title: `saving, ${CONCURRENCY} in flight`,
      cases: [rawSave(CONCURRENCY), save(CONCURRENCY)],
    },
    { title: 'saving, one at a time', cases: [rawSave(1), save(1)] },
    { title: `reading, ${CONCURRENCY} in flight`, cases: [rawDownload(), getMany()] },
    {
      title: `parts of one chord that is shared with Celery, ${SHARED} in flight`,
      cases: [oneCounterCommits(), sharedParts({ timesFloor: 0.33 })],
    },
  ],
  tallies: [{ title: 'requests per part of a chord, objects alone', count: requestsPerPart }],
}

async function freshBucket(): Promise<string> {
  const name = `bench-${randomUUID()}`
  await client.createBucket(name)
  return name
}

async function opened(): Promise<Opened> {
  return { backend: new GcsBackend({ bucket: await freshBucket(), storage: client }) }
}

function rawSave(concurrency: number): Case {
  return {
    name: 'file.save, ifGenerationMatch 0',
    operations: OBJECTS,
    prepare: async (): Promise<Round> => {
      const bucket = client.bucket(await freshBucket())
      const options = { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } }
      return {
        run: () =>
          inParallel(OBJECTS, concurrency, (index) =>
            bucket.file(ordinaryKey(index)).save(encodedMeta(index), options),
          ),
      }
    },
  }
}

function save(concurrency: number): Case {
  return storing({ operations: OBJECTS, concurrency, goal: { timesFloor: 1.05 }, open: opened })
}

async function filledBucket(): Promise<string> {
  const name = await freshBucket()
  const bucket = client.bucket(name)
  await inParallel(OBJECTS, CONCURRENCY, (index) =>
    bucket.file(ordinaryKey(index)).save(encodedMeta(index), { resumable: false }),
  )
  return name
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
            const [bytes] = await bucket.file(ordinaryKey(index)).download()
            JSON.parse(bytes.toString())
          }),
      }
    },
  }
}

/** A call of `getMany` for all of them; what is measured is one result. */
function getMany(): Case {
  const ids = Array.from({ length: OBJECTS }, (_, index) => ordinaryId(index))
  return throughResults({
    name: `results.getMany(${OBJECTS})`,
    operations: OBJECTS,
    goal: { timesFloor: 1.05 },
    open: async () => ({ backend: new GcsBackend({ bucket: await filledBucket(), storage: client }) }),
    run: (results) => results.getMany(ids),
  })
}

/** A document for the part and one more on the counter, each part for itself. */
function oneCounterCommits(): Case {
  return {
    name: 'a commit for each',
    operations: OBJECTS,
    prepare: async (): Promise<Round> => {
      const [chordId, all] = [randomUUID(), documents.collection('celery')]
      const counter = all.doc(`chord-unlock-${chordId}`)
      await counter.set({ expires_at: new Date() })
      const commit = async (index: number): Promise<void> => {
        const batch = documents.batch()
        batch.create(all.doc(`${chordId}-${index}`), { value: encodedMeta(index), expires_at: new Date() })
        batch.update(counter, { chord_count: FieldValue.increment(1), expires_at: new Date() })
        await batch.commit()
      }
      return { run: () => inParallel(OBJECTS, SHARED, commit) }
    },
  }
}

/** One part more than return, so that nothing but returning is measured. */
function sharedParts(goal: Goal): Case {
  const [part, body] = [task('part', (index: number) => index), task('body', (values: number[]) => values.length)]
  return {
    name: 'results.onChordPartReturn',
    operations: OBJECTS,
    goal,
    prepare: async (): Promise<Round> => {
      const messages: TaskMessage[] = []
      const publisher = { durable: true, publish: async (some: readonly TaskMessage[]) => void messages.push(...some) }
      const backend = new GcsBackend({ bucket: await freshBucket(), storage: client, firestore: documents })
      const results = new Results({ backend, publisher, peers: 'celery', sweepSeconds: false })
      await results.apply(
        chord(
          [...Array(OBJECTS + 1).keys()].map((index) => part.s(index)),
          body,
        ),
      )
      const finish = async (index: number): Promise<void> => {
        const [message] = messages.slice(index, index + 1)
        if (message !== undefined) await results.onChordPartReturn(message, 'SUCCESS', ordinaryResult(index))
      }
      return { run: () => inParallel(OBJECTS, SHARED, finish), close: () => results.close() }
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
