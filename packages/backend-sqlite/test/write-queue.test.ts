import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { WriteQueue } from '../src/write-queue.ts'

function setUp(): {
  readonly queue: WriteQueue
  readonly insert: (row: number) => () => number
  readonly rows: () => number
} {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE numbers (number INTEGER PRIMARY KEY)')
  const statement = database.prepare('INSERT INTO numbers VALUES (?)')
  const insert = (row: number) => (): number => {
    statement.run(row)
    return row
  }
  const rows = (): number => database.prepare('SELECT number FROM numbers').all().length
  return { queue: new WriteQueue(database, 1000), insert, rows }
}

it('commits the writes of one tick together and answers each', async () => {
  const { queue, insert } = setUp()
  expect(await Promise.all([1, 2, 3].map((row) => queue.add(insert(row))))).toEqual([1, 2, 3])
  expect(queue.commits).toBe(1)
})

it('fails only the write whose statement failed', async () => {
  const { queue, insert, rows } = setUp()
  const outcomes = await Promise.allSettled([1, 1, 2].map((row) => queue.add(insert(row))))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(rows()).toBe(2)
})

it('drops a write that is aborted before its turn', async () => {
  const { queue, insert, rows } = setUp()
  const controller = new AbortController()
  const aborted = queue.add(insert(1), controller.signal)
  const other = queue.add(insert(2))
  controller.abort()
  await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
  await other
  expect(rows()).toBe(1)
})

it('gives the event loop a turn between transactions', async () => {
  const { queue, insert } = setUp()
  const commitsAtTurns: number[] = []
  const writes = Promise.all(Array.from({ length: 2000 }, (_, row) => queue.add(insert(row))))
  while (commitsAtTurns.at(-1) !== 8) {
    await turn()
    commitsAtTurns.push(queue.commits)
  }
  await writes
  expect(commitsAtTurns.slice(-8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
})
