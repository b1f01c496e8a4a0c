// A chord: tasks that run in parallel, and one that runs once with all their results. Its id makes it safe to start
// again: after a crash it goes on where it was, and once it is over the stored result is the answer.
// #region chord
import { SqliteBackend } from '@arpeggio/backend-sqlite'
import { chord, LocalQueue, Results, task } from '@arpeggio/core'

const add = task('add', (a: number, b: number) => a + b)
const total = task('total', (sums: number[]) => sums.reduce((a, b) => a + b, 0))

const results = new Results({
  backend: new SqliteBackend({ path: 'results.db' }),
  publisher: new LocalQueue([add, total], { concurrency: 4 }),
})
const sum = await results.apply(chord([add.s(1, 2), add.s(3, 4)], total, { id: 'invoice-42' }))
console.log(await sum.get({ timeoutMs: 5_000 })) // 10, a number
await results.close()
// #endregion chord
