import { setTimeout as delay } from 'node:timers/promises'
import { encodeJson, type RunnableTask, task } from '@arpeggio/core'
import type { Redis } from 'ioredis'

/** The same tasks as in python/tasks.py. */
export function nodeTasks(broker: Redis): readonly RunnableTask[] {
  return [
    task('node.add', (x: number, y: number) => x + y),
    task('node.total', (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)),
    task('node.echo', (value: unknown) => value),
    task('node.count', (key: string) => broker.incr(key)),
    task('node.hold', async (value: unknown, key: string, fails = false) => {
      while ((await broker.exists(key)) === 0) await delay(10)
      if (fails) throw new RangeError('boom')
      return value
    }),
    task('node.note_error', async (taskId: string, { key }: { readonly key: string }) => {
      await broker.rpush(key, encodeJson(taskId))
    }),
    task('node.note', async (value: unknown, key: string) => {
      await broker.rpush(key, encodeJson(value))
      return value
    }),
  ]
}
