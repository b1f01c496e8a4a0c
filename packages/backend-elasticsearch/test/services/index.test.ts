import { describe, expect, it } from 'vitest'
import { ElasticsearchBackend } from '../../src/index.ts'
import { uniqueIndex } from './elasticsearch-harness.ts'
import { HttpProxy } from './http-proxy.ts'
import { backendOf, client, resultsOf, url } from './test-index.ts'

describe('the index', () => {
  it('is made once, from a template that makes it again when it is removed', async () => {
    const index = uniqueIndex()
    await using backend = backendOf(index)
    await Promise.all(Array.from({ length: 10 }, (_, at) => backend.set({ key: `k${at}`, value: 'v' })))
    const made = (await client.indices.getMapping({ index }))[index]?.mappings
    expect(made).toMatchObject({ dynamic: 'false', properties: { expiresAt: { type: 'date' } } })
    await client.indices.delete({ index })
    await backend.set({ key: 'a', value: 'one' })
    expect((await client.indices.getMapping({ index }))[index]?.mappings).toEqual(made)
    expect(await backend.check.run()).toEqual([])
  })

  it('that Celery has made gets what is missing, keeps what it has, and is told of', async () => {
    const index = uniqueIndex()
    await client.index({ index, id: 'old', document: { result: '{"status": "SUCCESS"}', mine: 1 } })
    await using backend = backendOf(index)
    await backend.set({ key: 'a', value: 'one', expiresInSeconds: 10 })
    expect((await client.indices.getMapping({ index }))[index]?.mappings).toMatchObject({
      dynamic: 'false',
      properties: { expiresAt: { type: 'date' }, mine: { type: 'long' }, result: { type: 'text' } },
    })
    expect((await backend.check.run()).map(({ problem }) => problem)).toEqual([
      expect.stringContaining('analyses the whole text'),
    ])
  })

  it('is left alone if that is asked for, and check says what is missing', async () => {
    const index = uniqueIndex()
    await using backend = backendOf(index, { setUp: false })
    await backend.set({ key: 'a', value: 'one', expiresInSeconds: 10 })
    expect((await client.indices.getMapping({ index }))[index]?.mappings).not.toHaveProperty('_meta')
    const problems = (await backend.check.run()).map(({ problem }) => problem).join('\n')
    expect(problems).toContain('no index template')
    expect(problems).toContain('gets a field for every new member')
    expect(problems).toContain('analyses the whole text')
  })

  it('may be out of the hands of who writes', async () => {
    await using proxy = await HttpProxy.before(url)
    const body = '{"error": {"type": "security_exception", "reason": "not yours"}, "status": 403}'
    proxy.fault = ({ method }) => (method === 'PUT' ? { instead: { status: 403, body } } : undefined)
    await using backend = new ElasticsearchBackend({ url: `${proxy.url}/${uniqueIndex()}` })
    await backend.set({ key: 'a', value: 'one' })
    expect(await backend.get('a')).toMatchObject({ value: 'one' })
  })

  it('[T-51] gets the ILM policy that is named, where the server has ILM', async (context) => {
    const policy = uniqueIndex()
    try {
      await client.ilm.putLifecycle({
        name: policy,
        policy: { phases: { delete: { min_age: '30d', actions: { delete: {} } } } },
      })
    } catch (error) {
      context.skip(`the server has no ILM: ${String(error).slice(0, 200)}`)
    }
    const index = uniqueIndex()
    await using backend = backendOf(index, { lifecyclePolicy: policy })
    await backend.set({ key: 'a', value: 'one' })
    const settings = (await client.indices.getSettings({ index }))[index]?.settings
    expect(settings?.index?.lifecycle).toMatchObject({ name: policy })
  })

  it('[T-53] on a disk that is full says so, takes no result, and takes the next one when there is room', async () => {
    const index = uniqueIndex()
    await using results = resultsOf(backendOf(index), { maxRetries: 1 })
    await results.markAsDone('before', 1)
    const block = (value: boolean | null) =>
      client.indices.putSettings({ index, settings: { 'index.blocks.read_only_allow_delete': value } })
    await block(true)
    await expect(results.markAsDone('a', 1)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('read-only-allow-delete'),
    })
    const findings = await (results.backend as ElasticsearchBackend).check.run()
    expect(findings).toContainEqual({
      problem: expect.stringContaining('as when a disk is full'),
      remedy: expect.stringContaining('read_only_allow_delete'),
    })
    expect(await results.exists('before')).toBe(true)
    expect(await results.exists('a')).toBe(false)
    await block(null)
    await results.markAsDone('a', 1)
    expect(await results.exists('a')).toBe(true)
  })
})

describe('a document', () => {
  it('that is over what the server takes is too large before it is sent', async () => {
    await using proxy = await HttpProxy.before(url)
    const backend = new ElasticsearchBackend({ url: `${proxy.url}/${uniqueIndex()}`, maxRequestBytes: 100_000 })
    await using results = resultsOf(backend)
    await results.markAsDone('small', 1)
    proxy.forget()
    await expect(results.markAsDone('a', 'x'.repeat(100_000))).rejects.toMatchObject({ code: 'too-large' })
    // Within the limit of a value, but not with every quote escaped.
    await expect(results.markAsDone('a', '"'.repeat(40_000))).rejects.toMatchObject({ code: 'too-large' })
    expect(proxy.requests).toHaveLength(0)
    await results.markAsDone('a', 'x'.repeat(90_000))
    expect(await results.getState('a')).toBe('SUCCESS')
  })

  it('travels with others in as many requests as it takes', async () => {
    await using proxy = await HttpProxy.before(url)
    const backend = new ElasticsearchBackend({ url: `${proxy.url}/${uniqueIndex()}`, maxRequestBytes: 100_000 })
    await using results = resultsOf(backend)
    await results.markAsDone('small', 1)
    proxy.forget()
    const ids = Array.from({ length: 20 }, (_, at) => `id-${at}`)
    await Promise.all(ids.map((id) => results.markAsDone(id, 'x'.repeat(30_000))))
    expect(proxy.count('/_bulk')).toBe(7)
    expect((await results.getMany(ids)).every(({ status }) => status === 'SUCCESS')).toBe(true)
  })
})
