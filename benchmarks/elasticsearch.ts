import { ElasticsearchBackend } from '@arpeggio/backend-elasticsearch'
import { elasticsearch as startElasticsearch } from '@arpeggio/testing'
import { Client } from '@elastic/elasticsearch'
import type { Benchmark } from './benchmark.ts'
import { joinElasticsearch } from './elasticsearch-chord.ts'
import { inParallel } from './in-parallel.ts'
import type { Case, Round } from './measure.ts'
import { encodedMeta, ordinaryId, ordinaryKey } from './ordinary-meta.ts'
import { gettingMany, type Opened, storing } from './results-cases.ts'

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
const ids = thousand.map(ordinaryId)
let indices = 0

/** Elasticsearch through everything that `Results` does, against its own client alone. */
export const elasticsearch: Benchmark = {
  summary: `storing, reading and joining in ${server.detail}, against its own client alone`,
  sections: [
    {
      title: 'store, 100 in flight',
      cases: [rawBulk(3000), storing({ operations: 3000, concurrency: 100, goal: { timesFloor: 1.33 }, open: opened })],
    },
    {
      title: 'store, alone',
      cases: [rawCreate(150), storing({ operations: 150, concurrency: 1, goal: { timesFloor: 1.11 }, open: opened })],
    },
    {
      title: 'reading 1000 results',
      cases: [rawRead(10), gettingMany({ ids, operations: 10, goal: { timesFloor: 1.25 }, open: filled })],
    },
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

async function opened(): Promise<Opened & { readonly index: string }> {
  const index = `results-${indices++}`
  const backend = new ElasticsearchBackend({ url, index })
  return { backend, index, remove: () => client.indices.delete({ index }) }
}

/** With a thousand results. */
async function filled(): Promise<Opened> {
  const { index, ...rest } = await opened()
  await fill(index)
  return { ...rest }
}

function document(index: number): { readonly result: string; readonly '@timestamp': string } {
  return { result: encodedMeta(index), '@timestamp': new Date().toISOString() }
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
            operations: hundred.flatMap((at) => [{ create: { _id: ordinaryKey(at) } }, document(at)]),
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
        inParallel(operations, 1, (at) => client.create({ index, id: ordinaryKey(at), document: document(at) })),
      ),
  }
}

async function fill(index: string): Promise<void> {
  await client.bulk({
    index,
    operations: thousand.flatMap((at) => [{ create: { _id: ordinaryKey(at) } }, document(at)]),
  })
}

function parsed({ _source: source }: { readonly _source?: { readonly result: string } }): unknown {
  return JSON.parse(source?.result ?? 'null')
}

function rawRead(operations: number): Case {
  const keys = thousand.map(ordinaryKey)
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
