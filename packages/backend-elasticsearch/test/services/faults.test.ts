import { chord, LocalQueue, Results, type ResultsOptions, task } from '@arpeggio/core'
import { elasticsearch, faultProxy } from '@arpeggio/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { ElasticsearchBackend } from '../../src/index.ts'
import { uniqueIndex } from './elasticsearch-harness.ts'
import { type Fault, HttpProxy, type Request } from './http-proxy.ts'

const { url } = await elasticsearch()
const closing: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of closing.splice(0).toReversed()) await each[Symbol.asyncDispose]()
})

const quick = { baseSleepMs: 1, maxSleepMs: 20 } as const

async function proxied(
  options: Partial<ResultsOptions> = {},
): Promise<{ proxy: HttpProxy; results: Results; direct: Results }> {
  const proxy = await HttpProxy.before(url)
  const index = uniqueIndex()
  const results = new Results({
    ...quick,
    ...options,
    backend: new ElasticsearchBackend({ url: `${proxy.url}/${index}`, maxRetries: 0 }),
  })
  const direct = new Results({ backend: new ElasticsearchBackend({ url: `${url}/${index}` }) })
  closing.push(proxy, results, direct)
  await results.markAsDone('first', 1)
  proxy.forget()
  return { proxy, results, direct }
}

/** Every n-th request meets the fault: no multiple of the three of a replacement, whose last would always meet it. */
function everyNth(n: number, fault: Fault): (request: Request) => Fault | undefined {
  let count = 0
  return () => (++count % n === 0 ? fault : undefined)
}

const busy = '{"error":{"type":"es_rejected_execution_exception","reason":"rejected"},"status":429}'
const away = '{"error":{"type":"unavailable_shards_exception","reason":"primary shard is not active"},"status":503}'

const faults: readonly (readonly [string, Fault])[] = [
  ['answers 429', { instead: { status: 429, body: busy } }],
  ['answers 503', { instead: { status: 503, body: away } }],
  [
    'answers 503 without a word, after the server has done it',
    { afterwards: () => ({ status: 503, body: 'upstream' }) },
  ],
  ['cuts the answer in the middle', { afterwards: () => ({ cutAfter: 20 }) }],
  ['answers half of the items', { afterwards: ({ status, body }) => ({ status, body: halved(body) }) }],
  ['loses the answer', { afterwards: 'lost' }],
]

/** A whole answer, to half of what was asked. */
function halved(body: string): string {
  const answer = JSON.parse(body) as Record<string, unknown> // of the server
  for (const name of ['items', 'docs']) {
    const list = answer[name]
    if (Array.isArray(list)) answer[name] = list.slice(0, Math.floor(list.length / 2))
  }
  return JSON.stringify(answer)
}

describe.each(faults)('where something %s', (_, fault) => {
  it('no result is lost, and none is replaced that takes precedence', async () => {
    const { proxy, results, direct } = await proxied()
    proxy.fault = everyNth(5, fault)
    const ids = Array.from({ length: 60 }, (_, at) => `id-${at}`)
    await Promise.all(
      ids.map(async (id) => {
        await results.markAsStarted(id)
        const [outcome, late] = [await results.markAsDone(id, id), await results.markAsFailure(id, new Error('late'))]
        expect([outcome?.written, late?.written]).toEqual([true, false])
      }),
    )
    proxy.fault = () => undefined
    const metas = await direct.getMany(ids)
    expect(metas.map(({ status, result }) => [status, result])).toEqual(ids.map((id) => ['SUCCESS', id]))
  })

  it('a chord is decided once', async () => {
    const bodies: number[][] = []
    const part = task('part', (value: number) => value)
    const body = task('body', (values: number[]) => {
      bodies.push(values)
      return values.length
    })
    const { proxy, results } = await proxied({
      publisher: new LocalQueue([part, body], { concurrency: 8 }),
      sweepSeconds: 1,
    })
    proxy.fault = everyNth(7, fault)
    const values = Array.from({ length: 40 }, (_, at) => at)
    const result = await results.apply(
      chord(
        values.map((value) => part.s(value)),
        body,
      ),
    )
    expect(await result.get({ timeoutMs: 60_000 })).toBe(40)
    expect(bodies).toEqual([values])
  })
})

describe('a write', () => {
  it('that was refused is unavailable, and one whose answer was lost is uncertain', async () => {
    const { proxy, results } = await proxied()
    const { backend } = results
    for (const [name, fault] of faults) {
      proxy.fault = () => fault
      const code = name === 'answers 429' || name === 'answers 503' ? 'unavailable' : 'uncertain'
      await expect(backend.set({ key: `${name} a`, value: 'one' })).rejects.toMatchObject({ code })
      await expect(backend.set({ key: `${name} b`, value: 'one', if: 'absent' })).rejects.toMatchObject({ code })
    }
  })

  it('is sent once: what the client does by itself when an answer is lost would meet its own traces', async () => {
    const { proxy, results } = await proxied({ alwaysRetry: false })
    proxy.fault = () => ({ afterwards: 'lost' })
    await expect(results.markAsDone('a', 1)).rejects.toMatchObject({ code: 'uncertain' })
    expect(proxy.requests).toHaveLength(1)
  })

  it('of many that the server refuses alone fails alone', async () => {
    const { proxy, results } = await proxied({ alwaysRetry: false })
    proxy.fault = () => ({ afterwards: ({ body }) => ({ body: refused(body, 1) }) })
    const [first, second, third] = await Promise.allSettled(['a', 'b', 'c'].map((id) => results.markAsDone(id, 1)))
    expect([first?.status, third?.status]).toEqual(['fulfilled', 'fulfilled'])
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
  })

  it('is tried again with pauses that grow', async () => {
    const waits: number[] = []
    const { proxy, results } = await proxied({
      baseSleepMs: 1,
      maxSleepMs: 200,
      maxRetries: 8,
      onConnectionError: ({ waitMs }) => void waits.push(waitMs),
    })
    proxy.fault = () => ({ instead: { status: 429, body: busy } })
    await expect(results.markAsDone('a', 1)).rejects.toMatchObject({ code: 'unavailable' })
    expect(waits).toHaveLength(8)
    for (const [at, wait] of waits.entries()) expect(wait).toBeLessThanOrEqual(Math.min(200, 2 ** (at + 1)))
    expect(proxy.requests).toHaveLength(9)
  })
})

function refused(body: string, at: number): string {
  const answer = JSON.parse(body) as { items: unknown[] } // of the server
  answer.items[at] = { create: { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'full' } } }
  return JSON.stringify(answer)
}

describe('a server that goes away', () => {
  it('and comes back is found again, and nothing waits in vain', async () => {
    await using proxy = await faultProxy(url)
    const index = uniqueIndex()
    const backend = new ElasticsearchBackend({ url: `${proxy.url}/${index}`, timeoutMs: 500 })
    await using results = new Results({ backend, ...quick, maxRetries: 500, pollCeilingMs: 20 })
    await using direct = new Results({ backend: new ElasticsearchBackend({ url: `${url}/${index}` }) })
    await results.markAsStarted('a')
    const waiting = results.waitFor('late', { timeoutMs: 60_000 })
    await proxy.refuse()
    const stored = results.markAsDone('a', 1)
    await direct.markAsDone('late', 'here')
    await proxy.heal()
    await stored
    expect((await waiting).result).toBe('here')
    proxy.blackhole()
    const other = results.markAsDone('b', 2)
    await expect(results.backend.get('celery-task-meta-a')).rejects.toMatchObject({ code: 'uncertain' })
    await proxy.heal()
    await other
    expect((await direct.getMany(['a', 'b'])).map(({ result }) => result)).toEqual([1, 2])
  })
})
