import {
  chain,
  freeze,
  group,
  Ignore,
  LocalQueue,
  Reject,
  Results,
  task,
  TaskError,
  type TaskContext,
} from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { MapBackend } from '../map-backend.ts'

const add = task('add', (a: number, b: number) => a + b)
const fail = task('fail', (message: string): number => {
  throw new RangeError(message)
})

function start(queue: LocalQueue): Results {
  return new Results({ backend: new MapBackend(), publisher: queue })
}

describe('LocalQueue', () => {
  it('runs tasks, groups and chains to typed results', async () => {
    await using results = start(new LocalQueue([add]))
    const sum = await results.apply(chain([add.s(1, 2), add.s(3)]))
    const sums = await results.apply(group([add.s(1, 2), add.s(3, 4)]))
    expect(await sum.get({ timeoutMs: 5000 })).toBe(6)
    expect(await sums.get({ timeoutMs: 5000 })).toEqual([3, 7])
  })

  it('runs a group at the end of a chain', async () => {
    await using results = start(new LocalQueue([add]))
    const sums = await results.apply(chain([add.s(1, 2), group([add.s(10), add.s(20)])]))
    expect(await sums.get({ timeoutMs: 5000 })).toEqual([13, 23])
  })

  it('never runs more at a time than its concurrency', async () => {
    let running = 0
    let most = 0
    const busy = task('busy', async () => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running -= 1
    })
    const queue = new LocalQueue([busy], { concurrency: 3 })
    await using results = start(queue)
    await results.apply(group(Array.from({ length: 20 }, () => busy.s())))
    await queue.drain()
    expect(most).toBe(3)
    expect(queue.counts).toEqual({ running: 0, waiting: 0, scheduled: 0 })
  })

  it('fails a task that nobody registered as Celery does', async () => {
    await using results = start(new LocalQueue([add]))
    const unknown = await results.apply(task<() => void>('tasks.unknown').s())
    const error: unknown = await unknown.get({ timeoutMs: 5000 }).catch((error: unknown) => error)
    expect(error).toMatchObject({
      excType: 'NotRegistered',
      excModule: 'celery.exceptions',
      excArgs: ['tasks.unknown'],
    })
  })

  it('drains retries and what tasks start, and drops what waits when it is closed', async () => {
    const queue = new LocalQueue([add], { concurrency: 1 })
    await using results = start(queue)
    const { messages, root } = freeze(add.s(1, 2).set({ countdownSeconds: 3600 }))
    await queue.publish(messages)
    expect(queue.counts.scheduled).toBe(1)
    await queue.close()
    expect(queue.counts.scheduled).toBe(0)
    expect((await results.getTaskMeta(root.id)).status).toBe('PENDING')
    await expect(queue.publish(messages)).rejects.toMatchObject({ code: 'disposed' })
  })

  it('lets running tasks finish when it is closed, and passes on the signal', async () => {
    const begun = Promise.withResolvers<void>()
    const patient = task(
      'patient',
      async ({ signal }: TaskContext) => {
        begun.resolve()
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        return 'stopped early'
      },
      { bind: true },
    )
    const queue = new LocalQueue([patient])
    await using results = start(queue)
    const result = await results.apply(patient.s())
    await begun.promise
    await queue.close({ signal: AbortSignal.abort() })
    expect(await result.get({ timeoutMs: 5000 })).toBe('stopped early')
  })

  it('holds 20,000 messages and runs them all', async () => {
    const queue = new LocalQueue([add])
    await using results = start(queue)
    const frozen = Array.from({ length: 20_000 }, (_, n) => freeze(add.s(n, 1)))
    await results.publish(frozen.flatMap(({ messages }) => messages))
    await queue.drain()
    expect((await results.getTaskMeta(frozen.at(-1)?.root.id ?? '')).result).toBe(20_000)
    expect(queue.counts).toEqual({ running: 0, waiting: 0, scheduled: 0 })
  })
})

describe('executeTask, by way of the queue', () => {
  it('gives a failure to every later step of the chain and starts the errbacks', async () => {
    const told: string[] = []
    const onError = task('onError', (id: string) => void told.push(id))
    const queue = new LocalQueue([add, fail, onError])
    await using results = start(queue)
    const sum = await results.apply(
      chain([fail.s('no').set({ taskId: 'f' }), add.s(1), add.s(2)]).linkError(onError.s()),
    )
    await expect(sum.get({ timeoutMs: 5000 })).rejects.toBeInstanceOf(TaskError)
    await queue.drain()
    expect(sum.parent).toBeDefined()
    expect((await results.getTaskMeta('f')).result).toMatchObject({ excType: 'ValueError', excArgs: ['no'] })
    expect(told).toEqual(['f'])
  })

  it('starts callbacks with the result and names them as children', async () => {
    const seen: number[] = []
    const see = task('see', (value: number) => void seen.push(value))
    const queue = new LocalQueue([add, see])
    await using results = start(queue)
    const sum = await results.apply(add.s(1, 2).link(see.s()).link(see.s()))
    await queue.drain()
    expect(seen).toEqual([3, 3])
    expect((await results.getTaskMeta(sum.id)).children).toMatchObject([{ members: [{}, {}] }])
  })

  it('retries until the task succeeds', async () => {
    const states: string[] = []
    const flaky = task(
      'flaky',
      async (context: TaskContext) => {
        const { request } = context
        states.push((await results.getTaskMeta(request.id)).status)
        if ((request.retries ?? 0) < 2) context.retry({ error: new Error('not yet'), countdownSeconds: 0 })
        return request.retries
      },
      { bind: true },
    )
    await using results = start(new LocalQueue([flaky]))
    expect(await (await results.apply(flaky.s())).get({ timeoutMs: 5000 })).toBe(2)
    expect(states[0]).toBe('PENDING')
    expect(states).toHaveLength(3)
  })

  it('ends with the cause, or says so, when all retries are used', async () => {
    const again = task(
      'again',
      (context: TaskContext, error?: Error) => context.retry({ error, countdownSeconds: 0 }),
      {
        bind: true,
        maxRetries: 1,
      },
    )
    await using results = start(new LocalQueue([again]))
    const silent = await results.apply(again.s())
    await expect(silent.get({ timeoutMs: 5000 })).rejects.toMatchObject({ excType: 'MaxRetriesExceededError' })
    const speaking = await results.apply(again.s(new TypeError('why')))
    await expect(speaking.get({ timeoutMs: 5000 })).rejects.toMatchObject({ excType: 'TypeError', excArgs: ['why'] })
  })

  it('stores nothing for Ignore and for ignored results, yet goes on with the chain', async () => {
    const ignore = task('ignore', () => {
      throw new Ignore()
    })
    const quiet = task('quiet', () => 1, { ignoreResult: true })
    const queue = new LocalQueue([add, ignore, quiet])
    await using results = start(queue)
    const ignored = await results.apply(ignore.s())
    const sum = await results.apply(chain([quiet.s().set({ taskId: 'q' }), add.s(1)]))
    expect(await sum.get({ timeoutMs: 5000 })).toBe(2)
    await queue.drain()
    expect((await results.getMany([ignored.id, 'q'])).map(({ status }) => status)).toEqual(['PENDING', 'PENDING'])
  })

  it('runs a rejected message again when asked to, and fails it otherwise', async () => {
    let runs = 0
    const picky = task('picky', (requeue: boolean) => {
      if (++runs < 3) throw new Reject('not mine', { requeue })
      return runs
    })
    await using results = start(new LocalQueue([picky]))
    expect(await (await results.apply(picky.s(true))).get({ timeoutMs: 5000 })).toBe(3)
    runs = 0
    await expect((await results.apply(picky.s(false))).get({ timeoutMs: 5000 })).rejects.toMatchObject({
      excType: 'Reject',
      excArgs: ['not mine', false],
    })
  })

  it('fails a task whose result cannot be stored, and starts nothing with it', async () => {
    const queue = new LocalQueue([add, task('odd', () => () => 1)])
    await using results = start(queue)
    const odd = task<() => number>('odd')
    const sum = await results.apply(chain([odd.s().set({ taskId: 'o' }), add.s(1)]))
    await expect(sum.get({ timeoutMs: 5000 })).rejects.toMatchObject({ excType: 'EncodeError' })
    await queue.drain()
    const [stored] = await results.getMany(['o'])
    expect(stored?.result).toMatchObject({ excType: 'EncodeError', excModule: 'kombu.exceptions' })
  })

  it('tracks starting when asked to, and stores a state of the task', async () => {
    const seen: string[] = []
    const long = task(
      'long',
      async (context: TaskContext) => {
        seen.push((await results.getTaskMeta(context.request.id)).status)
        await context.updateState('PROGRESS', { done: 1 })
        seen.push((await results.getTaskMeta(context.request.id)).status)
      },
      { bind: true, trackStarted: true },
    )
    await using results = start(new LocalQueue([long]))
    await (await results.apply(long.s())).get({ timeoutMs: 5000 })
    expect(seen).toEqual(['STARTED', 'PROGRESS'])
  })
})
