// Needs an Elasticsearch server, so no test compares what it prints.
// #region elasticsearch
import { ElasticsearchBackend } from '@arpeggio/backend-elasticsearch'
import { chord, LocalQueue, Results, task } from '@arpeggio/core'

const add = task('add', (a: number, b: number) => a + b)
const total = task('total', (sums: number[]) => sums.reduce((a, b) => a + b, 0))

const results = new Results({
  backend: new ElasticsearchBackend({
    url: process.env['ELASTICSEARCH_URL'] ?? 'elasticsearch://localhost:9200/celery',
  }),
  publisher: new LocalQueue([add, total], { concurrency: 4 }),
})
const sum = await results.apply(chord([add.s(1, 2), add.s(3, 4)], total))
console.log(await sum.get({ timeoutMs: 5_000 })) // 10, a number
await results.close()
// #endregion elasticsearch
