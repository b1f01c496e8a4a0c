import { encodeTaskMeta, jsonCodec, Keys } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { ElasticsearchBackend } from '../../src/index.ts'
import { uniqueIndex } from './elasticsearch-harness.ts'
import { HttpProxy } from './http-proxy.ts'
import { backendOf, client, resultsOf, url } from './test-index.ts'

const keys = new Keys()

async function sourceOf(index: string, id: string): Promise<Record<string, unknown>> {
  const { _source } = await client.get<Record<string, unknown>>({ index, id })
  return _source ?? {}
}

describe('a first write', () => {
  it('[E3] is one request, which makes a document as Celery makes it', async () => {
    await using proxy = await HttpProxy.before(url)
    const index = uniqueIndex()
    await using results = resultsOf(new ElasticsearchBackend({ url: `${proxy.url}/${index}` }), {
      expiresInSeconds: null,
    })
    await results.markAsDone('first', 1)
    proxy.forget()
    await results.markAsDone('a', 1)
    expect(proxy.requests.map(({ body }) => body.split('\n', 1)[0])).toEqual([
      '{"create":{"_id":"celery-task-meta-a"}}',
    ])
    const { result, ...rest } = await sourceOf(index, 'celery-task-meta-a')
    expect(JSON.parse(String(result))).toMatchObject({ status: 'SUCCESS', result: 1, task_id: 'a' })
    expect(rest).toEqual({ '@timestamp': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u) })
  })

  it('[E3] takes a key as it is, of bytes that Celery knows as text', async () => {
    const index = uniqueIndex()
    await using backend = backendOf(index)
    for (const key of ['celery-task-meta-ü', 'a/b c%20']) {
      await backend.set({ key, value: Buffer.from('ü') })
      expect(await sourceOf(index, key)).toMatchObject({ result: 'ü' })
    }
  })
})

describe('a write over what is there', () => {
  it.each([
    ['STARTED', 'SUCCESS', 'SUCCESS'],
    ['STARTED', 'RETRY', 'RETRY'],
    ['SUCCESS', 'FAILURE', 'SUCCESS'],
    ['SUCCESS', 'STARTED', 'SUCCESS'],
    ['FAILURE', 'STARTED', 'FAILURE'],
    ['FAILURE', 'SUCCESS', 'SUCCESS'],
    ['REVOKED', 'RETRY', 'REVOKED'],
    ['FAILURE', 'REVOKED', 'FAILURE'],
  ])('[E4] of %s with %s leaves %s', async (first, second, left) => {
    const index = uniqueIndex()
    await using results = resultsOf(backendOf(index))
    await results.storeResult('a', first, first)
    await results.storeResult('a', second, second)
    expect(await results.getTaskMeta('a')).toMatchObject({ status: left })
  })

  it('[E4] takes two requests more than a first one, and replaces the document as a whole', async () => {
    await using proxy = await HttpProxy.before(url)
    const index = uniqueIndex()
    await using results = resultsOf(new ElasticsearchBackend({ url: `${proxy.url}/${index}` }))
    await results.markAsStarted('a', { pid: 1 }, { request: { id: 'a', task: 't', args: [], kwargs: {}, group: 'g' } })
    proxy.forget()
    await results.markAsDone('a', 1)
    expect(proxy.requests.length).toBeLessThanOrEqual(3)
    expect(String((await sourceOf(index, 'celery-task-meta-a'))['result'])).not.toContain('group_id')
  })

  it('[E4] of a group goes ahead, because a group has no state', async () => {
    await using results = resultsOf(backendOf())
    await results.saveGroup('g', { id: 'g', members: [{ id: 'a' }] })
    await results.saveGroup('g', { id: 'g', members: [{ id: 'b' }] })
    expect((await results.getGroupMeta('g'))?.members).toEqual([expect.objectContaining({ id: 'b' })])
  })

  it('[E4] that somebody else removes meanwhile makes it anew', async () => {
    await using proxy = await HttpProxy.before(url)
    const index = uniqueIndex()
    await using results = resultsOf(new ElasticsearchBackend({ url: `${proxy.url}/${index}` }))
    await results.markAsStarted('a')
    proxy.fault = ({ path }) => {
      if (!path.includes('/_mget')) return undefined
      proxy.fault = () => undefined
      return { beforehand: () => client.delete({ index, id: keys.task('a') }) }
    }
    await results.markAsDone('a', 1)
    expect(await results.getTaskMeta('a')).toMatchObject({ status: 'SUCCESS', result: 1 })
  })

  it('[E4] that somebody else writes meanwhile looks again, and keeps what takes precedence', async () => {
    await using proxy = await HttpProxy.before(url)
    const index = uniqueIndex()
    await using results = resultsOf(new ElasticsearchBackend({ url: `${proxy.url}/${index}` }))
    await using others = resultsOf(backendOf(index))
    await results.markAsStarted('a')
    proxy.fault = ({ body }) => {
      if (!body.includes('if_seq_no')) return undefined
      proxy.fault = () => undefined
      return { beforehand: () => others.markAsDone('a', 'theirs') }
    }
    const outcome = await results.markAsFailure('a', new Error('late'))
    expect(outcome).toMatchObject({ written: false, stored: { result: 'theirs' } })
    expect(await results.getTaskMeta('a')).toMatchObject({ status: 'SUCCESS', result: 'theirs' })
  })

  it('[E4] that nobody can read as a result goes ahead with a warning', async () => {
    const index = uniqueIndex()
    const warnings: string[] = []
    await using results = resultsOf(backendOf(index), { onWarning: (message) => warnings.push(message) })
    await client.index({ index, id: keys.task('a'), document: { result: '', '@timestamp': new Date().toISOString() } })
    await results.markAsStarted('a')
    expect(await results.getState('a')).toBe('STARTED')
    expect(warnings).toHaveLength(1)
  })

  it('of Celery, which updates a part of it, takes the expiry of ours away', async () => {
    const index = uniqueIndex()
    let now = Date.now()
    await using backend = backendOf(index, { clock: () => now })
    await using results = resultsOf(backend, { expiresInSeconds: 10 })
    await results.markAsStarted('a')
    const result =
      '{"status": "SUCCESS", "result": 1, "traceback": null, "children": [], "date_done": null, "task_id": "a"}'
    const doc = { result, '@timestamp': new Date(now + 1).toISOString() }
    await client.update({ index, id: keys.task('a'), doc })
    expect(await sourceOf(index, keys.task('a'))).toHaveProperty('expiresAt')
    now += 3_600_000
    expect(await results.getTaskMeta('a')).toMatchObject({ status: 'SUCCESS' })
    expect((await backend.get(keys.task('a')))?.expiresAt).toBeUndefined()
    expect(await results.cleanup()).toBe(0)
    expect(await results.exists('a')).toBe(true)
  })
})

describe('documents as objects', () => {
  it('[E5] are those of Celery: an object whose result and traceback are text', async () => {
    const index = uniqueIndex()
    await using backend = backendOf(index, { saveMetaAsText: false })
    await using results = resultsOf(backend)
    await results.markAsDone('a', { r: [1, 2] })
    await results.markAsDone('zero', 0)
    await results.markAsFailure('broken', new TypeError('no'))
    await results.saveGroup('g', { id: 'g', members: [{ id: 'a' }] })
    expect((await sourceOf(index, keys.task('a')))['result']).toMatchObject({
      status: 'SUCCESS',
      result: '{"r": [1, 2]}',
      traceback: null,
      task_id: 'a',
    })
    expect((await sourceOf(index, keys.task('zero')))['result']).toMatchObject({ result: 0 })
    expect((await sourceOf(index, keys.task('broken')))['result']).toMatchObject({
      result: expect.stringContaining('"exc_type": "TypeError"'),
      traceback: expect.stringMatching(/^"TypeError: no/u),
    })
    expect((await sourceOf(index, keys.group('g')))['result']).toEqual({ result: expect.stringMatching(/^\[\["g"/u) })
    expect((await results.getTaskMeta('a')).result).toEqual({ r: [1, 2] })
    expect((await results.getTaskMeta('broken')).result).toMatchObject({ excType: 'TypeError' })
    expect((await results.getGroupMeta('g'))?.members).toHaveLength(1)
  })

  it('are found by what they say', async () => {
    const index = uniqueIndex()
    await using results = resultsOf(backendOf(index, { saveMetaAsText: false }), { resultExtended: true })
    for (const task of ['tasks.add', 'tasks.mul']) {
      await results.markAsDone(task, 1, { request: { id: task, task, args: [], kwargs: {} } })
    }
    await client.indices.refresh({ index })
    const { hits } = await client.search({ index, query: { term: { 'result.name': 'tasks.mul' } } })
    expect(hits.hits.map(({ _id }) => _id)).toEqual([keys.task('tasks.mul')])
  })

  it('[E5] encode and decode as the two modes do', async () => {
    await using texts = backendOf()
    await using objects = backendOf(uniqueIndex(), { saveMetaAsText: false })
    const meta = String(encodeTaskMeta({ status: 'SUCCESS', result: [1], task_id: 'a' }, jsonCodec))
    expect(texts.encode(meta)).toBe(meta)
    expect(objects.encode(meta)).toEqual({ status: 'SUCCESS', result: '[1]', task_id: 'a' })
    for (const backend of [texts, objects]) {
      for (const stored of [texts.encode(meta), objects.encode(meta)]) {
        expect(JSON.parse(String(backend.decode(stored)))).toEqual(JSON.parse(meta))
      }
    }
  })

  it('[T-53] of ten thousand tasks with other arguments each add no field to the index', async () => {
    const index = uniqueIndex()
    await using results = resultsOf(backendOf(index, { saveMetaAsText: false }), { resultExtended: true })
    await results.markAsDone('first', 1)
    const before = await client.indices.getMapping({ index })
    const ids = Array.from({ length: 10_000 }, (_, at) => `id-${at}`)
    await Promise.all(
      ids.map((id) =>
        results.markAsDone(
          id,
          { [id]: 1 },
          { request: { id, task: id, args: [{ [id]: 1 }], kwargs: { [id]: { [id]: 1 } } } },
        ),
      ),
    )
    expect(await client.indices.getMapping({ index })).toEqual(before)
    expect(await results.getState('id-9999')).toBe('SUCCESS')
  })
})
