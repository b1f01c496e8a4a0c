import { ElasticsearchBackend } from '@arpeggio/backend-elasticsearch'
import { Results } from '@arpeggio/core'
import { elasticsearch as startElasticsearch } from '@arpeggio/testing'
import { Client } from '@elastic/elasticsearch'
import type { Benchmark } from './benchmark.ts'
import { joinElasticsearch } from './elasticsearch-chord.ts'
import { inParallel } from './in-parallel.ts'
import type { Case, Goal, Round } from './measure.ts'
import { ordinaryMeta, ordinaryResult } from './ordinary-meta.ts'

const server = await startElasticsearch({ own: true })
const { url } = server
const client = new Client({ node: url })
await client.indices.putIndexTemplate({
  name: 'raw',
  index_patterns: ['raw-*'],
  // What ours is, so that both do the same work in the server.
  template: { mappings: { dynamic: false, properties: { '@timestamp': { type: 'date' } } } },
})

const thousand = Array.from({ length: 1000 }, (_, index) => index)
const ids = thousand.map((index) => `id-${index}`)
let indices = 0

/** Elasticsearch through everything that `Results` does, against its own client alone. */
export const elasticsearch: Benchmark = {
  summary: `storing, reading and joining in ${server.detail}, against its own client alone`,
  sections: [
    { title: 'store, 100 in flight', cases: [rawBulk(3000), store(3000, 100, { timesFloor: 1.33 })] },
    { title: 'store, alone', cases: [rawCreate(150), store(150, 1, { timesFloor: 1.11 })] },
    { title: 'reading 1000 results', cases: [rawRead(10), getMany(10, { timesFloor: 1.25 })] },
  ],
  tallies: [
    { title: 'a chord of 200 parts, one after another', count: () => joinElasticsearch(url, 200, 1) },
    { title: 'a chord of 1000 parts, 50 at a time', count: () => joinElasticsearch(url, 1000, 50) },
  ],
}

/** A round on an index of its own, which is removed afterwards. */
async function rawRound(run: (index: string) => Promise<unknown>): Promise<Round> {
  const index = `raw-${indices++}`
  await client.indices.create({ index })
  return {
    run: async () => {
      await run(index)
    },
    close: async () => {
      await client.indices.delete({ index })
    },
  }
}

async function round(
  run: (results: Results) => Promise<unknown>,
  fill?: (index: string) => Promise<void>,
): Promise<Round> {
  const index = `results-${indices++}`
  const results = new Results({ backend: new ElasticsearchBackend({ url, index }) })
  await results.markAsDone('warm-up', null)
  await fill?.(index)
  return {
    run: async () => {
      await run(results)
    },
    close: async () => {
      await results.close()
      await client.indices.delete({ index })
    },
  }
}

function key(index: number): string {
  return `celery-task-meta-id-${index}`
}

function document(index: number): { readonly result: string; readonly '@timestamp': string } {
  return { result: JSON.stringify(ordinaryMeta(`id-${index}`, index)), '@timestamp': new Date().toISOString() }
}

function rawBulk(operations: number): Case {
  return {
    name: 'bulk of 100 creates',
    operations,
    prepare: () =>
      rawRound(async (index) => {
        for (let first = 0; first < operations; first += 100) {
          const hundred = Array.from({ length: 100 }, (_, at) => first + at)
          await client.bulk({
            index,
            operations: hundred.flatMap((at) => [{ create: { _id: key(at) } }, document(at)]),
          })
        }
      }),
  }
}

function rawCreate(operations: number): Case {
  return {
    name: 'create',
    operations,
    prepare: () =>
      rawRound((index) =>
        inParallel(operations, 1, (at) => client.create({ index, id: key(at), document: document(at) })),
      ),
  }
}

function store(operations: number, concurrency: number, goal: Goal): Case {
  return {
    name: 'results.markAsDone',
    operations,
    goal,
    prepare: () =>
      round((results) =>
        inParallel(operations, concurrency, (at) => results.markAsDone(`id-${at}`, ordinaryResult(at))),
      ),
  }
}

async function fill(index: string): Promise<void> {
  await client.bulk({ index, operations: thousand.flatMap((at) => [{ create: { _id: key(at) } }, document(at)]) })
}

function parsed({ _source: source }: { readonly _source?: { readonly result: string } }): unknown {
  return JSON.parse(source?.result ?? 'null')
}

function rawRead(operations: number): Case {
  const keys = thousand.map(key)
  return {
    name: 'mget and JSON.parse',
    operations,
    prepare: async () => {
      const prepared = await rawRound((index) =>
        inParallel(operations, 1, async () => {
          const { docs } = await client.mget<{ readonly result: string }>({ index, ids: keys })
          return docs.map((doc) => ('_source' in doc ? parsed(doc) : undefined))
        }),
      )
      await fill(`raw-${indices - 1}`)
      return prepared
    },
  }
}

function getMany(operations: number, goal: Goal): Case {
  return {
    name: 'results.getMany(1000)',
    operations,
    goal,
    prepare: () => round((results) => inParallel(operations, 1, () => results.getMany(ids)), fill),
  }
}
