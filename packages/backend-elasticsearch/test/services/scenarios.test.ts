import { Client } from '@elastic/elasticsearch'
import {
  chord,
  chordUnlockTask,
  executeTask,
  LocalQueue,
  Results,
  type ResultsOptions,
  type Scheduler,
  type Signature,
  task,
  type TaskMessage,
} from '@arpeggio/core'
import { elasticsearch } from '@arpeggio/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { ElasticsearchBackend } from '../../src/index.ts'
import { uniqueIndex } from './elasticsearch-harness.ts'
import { HttpProxy } from './http-proxy.ts'

const { url } = await elasticsearch()
const opened: Results[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((results) => results.close()))
})

function open(index: string, options: Partial<ResultsOptions> = {}, host = url): Results {
  const results = new Results({ ...options, backend: new ElasticsearchBackend({ url: `${host}/${index}` }) })
  opened.push(results)
  return results
}

function processes(count: number, options: Partial<ResultsOptions> = {}): readonly Results[] {
  const index = uniqueIndex()
  return Array.from({ length: count }, () => open(index, options))
}

const add = task('add', (value: number) => value)
const total = task('total', (values: number[]) => values.length)

/** A queue that keeps what it is given. */
class Outbox {
  readonly durable = true
  readonly messages: TaskMessage[] = []

  async publish(messages: readonly TaskMessage[]): Promise<void> {
    this.messages.push(...messages)
  }

  bodies(): readonly TaskMessage[] {
    return this.messages.filter(({ task: name }) => name === 'total')
  }
}

/** Real time, of which a test may skip some. */
class TurnableTime implements Scheduler {
  elapsedMs = 0

  now(): number {
    return performance.now() + this.elapsedMs
  }

  wallClock(): number {
    return Date.now() + this.elapsedMs
  }

  setTimeout(callback: () => void, milliseconds: number): unknown {
    return setTimeout(callback, milliseconds)
  }

  clearTimeout(handle: unknown): void {
    clearTimeout(handle as NodeJS.Timeout) // comes from the method above
  }

  random(): number {
    return Math.random()
  }
}

describe('one result', () => {
  it('[T-41] that 64 writers race for never leaves an ending but for a better one', async () => {
    const writers = processes(8)
    const observer = open(uniqueIndexOf(writers))
    const ranks = new Map([
      ['FAILURE', 1],
      ['SUCCESS', 2],
    ])
    for (let round = 0; round < 200; round++) {
      const id = `id-${round}`
      const race = Promise.all(Array.from({ length: 64 }, (_, at) => report(writers[at % writers.length], id, at)))
      const seen = await statesUntil(race, () => observer.getState(id))
      const endings = seen.map((state) => ranks.get(state) ?? 0)
      expect(endings).toEqual(endings.toSorted((a, b) => a - b))
      expect(await observer.getState(id)).toBe('SUCCESS')
    }
  }, 600_000)

  it('[T-46] that reports progress a thousand times a second ends as it ended', async () => {
    const [worker, reader] = processes(2)
    for (let round = 0; round < 5; round++) {
      const id = `id-${round}`
      const updates: Promise<void>[] = []
      for (let at = 0; at < 1000; at++) {
        updates.push(worker?.updateState(id, 'PROGRESS', at) ?? Promise.resolve())
        if (at === 500) updates.push(worker?.markAsDone(id, 'done').then(() => undefined) ?? Promise.resolve())
      }
      await Promise.all(updates)
      expect(await reader?.getTaskMeta(id)).toMatchObject({ status: 'SUCCESS', result: 'done' })
    }
  }, 120_000)

  it('[T-49] that 200 writers write for ten seconds is written all the time, and ends right', async () => {
    await using proxy = await HttpProxy.before(url)
    const index = uniqueIndex()
    const writers = Array.from({ length: 8 }, () => open(index, {}, proxy.url))
    const until = performance.now() + 10_000
    let writes = 0
    await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        while (performance.now() < until) {
          await writers[at % writers.length]?.storeResult('a', at, 'PROGRESS')
          writes++
        }
      }),
    )
    await Promise.all(writers.map((writer, at) => writer.markAsDone('a', at)))
    expect((await writers[0]?.getTaskMeta('a'))?.status).toBe('SUCCESS')
    expect(writes).toBeGreaterThan(200)
    expect(proxy.requests.length / writes).toBeLessThan(20)
  }, 120_000)

  it('[T-43] is told apart: never heard of, under way, forgotten, expired', async () => {
    const index = uniqueIndex()
    const time = new TurnableTime()
    const backend = new ElasticsearchBackend({ url: `${url}/${index}`, clock: () => time.wallClock() })
    await using results = new Results({ backend, scheduler: time, pollCeilingMs: 20 })
    expect(await results.getTaskMeta('bogus')).toMatchObject({ status: 'PENDING', isAbsent: true })
    await expect(results.waitFor('bogus', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'timeout' })
    await results.storeResult('queued', null, 'PENDING')
    expect(await results.exists('queued')).toBe(true)
    for (const [id, end, code] of [
      ['forgotten', async () => results.forget('forgotten'), 'not-found'],
      ['expired', async () => void (time.elapsedMs += 86_500_000), 'expired'],
    ] as const) {
      await results.markAsStarted(id)
      const states = results.watch(id, { timeoutMs: 600_000_000 })[Symbol.asyncIterator]()
      expect((await states.next()).value?.status).toBe('STARTED')
      const [ending] = await Promise.all([states.next().catch((error: unknown) => error), end()])
      expect(ending).toMatchObject({ code })
      expect(await results.exists(id)).toBe(false)
    }
  })
})

/** What one sees who looks all the time. */
async function statesUntil(end: Promise<unknown>, look: () => Promise<string>): Promise<readonly string[]> {
  const over = end.then(() => undefined)
  const seen: string[] = []
  for (;;) {
    const state = await Promise.race([over, look()])
    if (state === undefined) return seen
    seen.push(state)
  }
}

async function report(results: Results | undefined, id: string, at: number): Promise<void> {
  const states = ['STARTED', 'PROGRESS', 'RETRY', 'FAILURE', 'SUCCESS']
  const state = states[at % states.length] ?? ''
  const isError = state === 'RETRY' || state === 'FAILURE'
  await results?.storeResult(id, isError ? new Error(state) : at, state)
}

function uniqueIndexOf(all: readonly Results[]): string {
  return all[0]?.asUri().split('/').at(-1) ?? ''
}

describe('a chord', () => {
  it('[T-01] [T-04] whose parts are delivered again and again is decided once', async () => {
    const outbox = new Outbox()
    const all = processes(4, { publisher: outbox, sweepSeconds: false })
    const [first] = all
    const header = Array.from({ length: 200 }, (_, at) => add.s(at))
    const result = await first?.apply(chord(header, total, { id: 'c' }))
    const parts = outbox.messages.splice(0)
    const copies = parts.flatMap((message, at) =>
      all.slice(0, at % 10 === 0 ? 4 : 1).map((each) => [message, each] as const),
    )
    await Promise.all(copies.map(([message, each]) => executeTask(add, message, each)))
    await Promise.all(all.map((each) => each.chords.sweep()))
    const [again] = parts
    if (again !== undefined)
      await Promise.all(all.map((each) => each.markAsDone(again.id, 'other', { request: again })))
    expect(outbox.messages.map(({ id, args }) => [id, args])).toEqual([[result?.id, [header.map((_, at) => at)]]])
  })

  it('[T-08] that two seal with another size each is sealed by one of them', async () => {
    const outbox = new Outbox()
    const [left, right] = processes(2, { publisher: outbox, sweepSeconds: false })
    for (let round = 0; round < 50; round++) {
      const ids = Array.from({ length: 3 }, (_, at) => `part-${round}-${at}`)
      const ends = await Promise.allSettled([
        left?.applyChord(`c-${round}`, ids.slice(0, 2), total.s()),
        right?.applyChord(`c-${round}`, ids, total.s()),
      ])
      const won = ends.filter(({ status }) => status === 'fulfilled')
      const lost = ends.filter((end) => end.status === 'rejected').map(({ reason }) => reason as unknown)
      expect(won).toHaveLength(1)
      expect(lost).toEqual([expect.objectContaining({ code: 'conflict' })])
    }
  })

  it('[T-13] whose parts have ended before all of them are known fires once that is so', async () => {
    const outbox = new Outbox()
    const [results] = processes(1, { publisher: outbox, sweepSeconds: false })
    async function* header(): AsyncGenerator<Signature<number>> {
      for (let at = 0; at < 5; at++) yield add.s(at)
      while (outbox.messages.length < 5) await new Promise(setImmediate)
      for (const message of outbox.messages.slice(0, 5)) {
        if (results !== undefined) await executeTask(add, message, results)
      }
      expect(outbox.bodies()).toEqual([])
    }
    await results?.apply(chord(header(), total))
    expect(outbox.bodies().map(({ args }) => args)).toEqual([[[0, 1, 2, 3, 4]]])
  })

  it('[T-44] that lasts three times as long as results are kept gives its body every value', async () => {
    const index = uniqueIndex()
    const time = new TurnableTime()
    const outbox = new Outbox()
    const backend = new ElasticsearchBackend({ url: `${url}/${index}`, clock: () => time.wallClock() })
    const options = { publisher: outbox, sweepSeconds: false, expiresInSeconds: 60, scheduler: time } as const
    await using results = new Results({ ...options, backend })
    await results.apply(
      chord(
        Array.from({ length: 7 }, (_, at) => add.s(at)),
        total,
        { deadlineSeconds: 240 },
      ),
    )
    const parts = outbox.messages.splice(0)
    for (const message of parts) {
      await executeTask(add, message, results)
      time.elapsedMs += 30_000
      await results.cleanup()
    }
    expect(await results.exists(parts[0]?.id ?? '')).toBe(false)
    expect(outbox.bodies().map(({ args }) => args)).toEqual([[[0, 1, 2, 3, 4, 5, 6]]])
  })

  it('with peers that count no parts here is joined by the task of Celery, wherever that runs', async () => {
    const index = uniqueIndex()
    const unlock = chordUnlockTask(() => results, { intervalSeconds: 0.05 })
    const publisher = new LocalQueue([add, total, unlock], { concurrency: 8 })
    const results: Results = open(index, { publisher, peers: 'celery' })
    const handle = await results.apply(chord([add.s(1), add.s(2)], total))
    expect(await handle.get({ timeoutMs: 60_000 })).toBe(2)
  })

  it('[T-50] of 10,000 parts reads its results in a few requests, and nothing polls for it', async () => {
    const size = 10_000
    const client = new Client({ node: url })
    const reads: string[] = []
    client.diagnostic.on('request', (_, event) => {
      const { path, querystring, body } = event?.meta.request.params ?? {}
      if (path?.endsWith('/_mget') === true && querystring === '' && typeof body === 'string') reads.push(body)
    })
    const outbox = new Outbox()
    const backend = new ElasticsearchBackend({ client, index: uniqueIndex() })
    await using results = new Results({ backend, publisher: outbox, sweepSeconds: false })
    const header = Array.from({ length: size }, (_, at) => add.s(at))
    await results.apply(chord(header, total, { id: 'c' }))
    const parts = outbox.messages.splice(0)
    for (let first = 0; first < size; first += 1000) {
      await Promise.all(parts.slice(first, first + 1000).map((message) => executeTask(add, message, results)))
    }
    expect(outbox.messages.map(({ task: name, args }) => [name, args])).toEqual([
      ['total', [header.map((_, at) => at)]],
    ])
    const joins = reads.filter((body) => body.split('arpeggio-chord-m:c:0:').length > 100)
    expect(joins.length).toBeLessThanOrEqual(size / 500)
    await client.close()
  }, 400_000)
})

describe('5,000 waiters', () => {
  it('ask twice a second at most whether anything was written, and for what is new in as few requests as that takes', async () => {
    const index = uniqueIndex()
    const storing = open(index)
    for (const count of [50, 5000]) {
      const client = new Client({ node: url })
      let requests = 0
      client.diagnostic.on('request', () => void requests++)
      await using results = new Results({ backend: new ElasticsearchBackend({ client, index }) })
      const perSecond = async (during: () => Promise<unknown>): Promise<number> => {
        const [before, began] = [requests, performance.now()]
        do await during()
        while (performance.now() - began < 5000)
        return ((requests - before) * 1000) / (performance.now() - began)
      }
      const ids = Array.from({ length: count }, (_, at) => `${count}-${at}`)
      const values = Promise.all(ids.map((id) => results.result(id).get({ timeoutMs: 300_000 })))
      await perSecond(() => storing.getState('other')) // until the pauses have grown
      expect(await perSecond(() => storing.getState('other'))).toBeLessThan(4)
      const busy = await perSecond(() => storing.markAsDone(`${count} ${performance.now()}`, 'of others'))
      expect(busy).toBeLessThan(2 * (1 + Math.ceil(count / 1000)) + 2)
      await Promise.all(ids.map((id) => storing.markAsDone(id, id)))
      expect(await values).toEqual(ids)
      await client.close()
    }
  }, 400_000)
})
