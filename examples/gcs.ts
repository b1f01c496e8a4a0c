// Needs a bucket, so no test compares what it prints.
// #region gcs
import { GcsBackend } from '@arpeggio/backend-gcs'
import { group, LocalQueue, Results, task } from '@arpeggio/core'

const add = task('add', (a: number, b: number) => a + b)

const results = new Results({
  backend: new GcsBackend({ url: process.env['GCS_URL'] ?? 'gs://my-bucket/results?gcs_project=my-project' }),
  publisher: new LocalQueue([add], { concurrency: 4 }),
})
const sums = await results.apply(group([add.s(1, 2), add.s(3, 4)]))
console.log(await sums.get({ timeoutMs: 5_000 })) // [ 3, 7 ], numbers
await results.close()
// #endregion gcs
