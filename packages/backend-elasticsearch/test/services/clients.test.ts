import { BackendError } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { ElasticsearchBackend } from '../../src/index.ts'
import { uniqueIndex } from './elasticsearch-harness.ts'
import { HttpProxy } from './http-proxy.ts'
import { backendOf, client, resultsOf, url } from './test-index.ts'

describe('a client', () => {
  it('[E1] is made at the first use, once, and talks to the index of the address', async () => {
    const index = uniqueIndex()
    await using backend = backendOf(index)
    const { server } = backend
    expect(backend.server).toBe(server)
    await backend.set({ key: 'a', value: 'one' })
    expect(await client.exists({ index, id: 'a' })).toBe(true)
  })

  it('[E1] gives what it was told to the server: a user with a password, or an API key, or nothing', async () => {
    await using proxy = await HttpProxy.before(url)
    const host = new URL(proxy.url).host
    const settings = [
      { url: `elasticsearch://me:p%40ss@${host}/test-auth` },
      { url: `elasticsearch://me@${host}/test-auth` },
      { url: proxy.url, username: 'me', password: 'p@ss' },
      { url: proxy.url, apiKey: 'key' },
    ]
    for (const options of settings) {
      await using backend = new ElasticsearchBackend(options)
      await backend.get('a')
    }
    const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    expect(proxy.requests.map(({ headers }) => headers.authorization)).toEqual([basic, undefined, basic, 'ApiKey key'])
    expect(proxy.requests.every(({ path }) => path !== '/')).toBe(true)
  })

  it('[E1] repeats reads as often as it is told, and a read that timed out only if it is told', async () => {
    await using proxy = await HttpProxy.before(url)
    proxy.fault = () => ({ instead: { status: 502, body: '{}' } })
    for (const maxRetries of [undefined, 0, 1]) {
      await using backend = new ElasticsearchBackend({
        url: proxy.url,
        ...(maxRetries !== undefined && { maxRetries }),
      })
      await expect(backend.get('a')).rejects.toMatchObject({ code: 'uncertain' })
      expect(proxy.requests).toHaveLength(1 + (maxRetries ?? 3))
      proxy.forget()
    }
    proxy.fault = () => ({ stalls: true })
    for (const retryOnTimeout of [false, true]) {
      await using backend = new ElasticsearchBackend({ url: proxy.url, timeoutMs: 200, maxRetries: 1, retryOnTimeout })
      await expect(backend.get('a')).rejects.toMatchObject({ code: 'uncertain' })
      expect(proxy.requests).toHaveLength(retryOnTimeout ? 2 : 1)
      proxy.forget()
    }
  })

  it('that was passed in stays open', async () => {
    const index = uniqueIndex()
    const backend = new ElasticsearchBackend({ client, index })
    await backend.set({ key: 'a', value: 'one' })
    await backend[Symbol.asyncDispose]()
    expect(await client.exists({ index, id: 'a' })).toBe(true)
  })

  it('of a server that is not there fails with what happened', async () => {
    await using backend = new ElasticsearchBackend({ url: 'elasticsearch://localhost:1', maxRetries: 0 })
    await expect(backend.get('a')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(backend.set({ key: 'a', value: 'one' })).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('get, mget and delete', () => {
  it('[E2] read what is there, and nothing of what is not, without an index too', async () => {
    const index = uniqueIndex()
    await using backend = backendOf(index)
    expect(await backend.get('a')).toBeUndefined()
    expect(await backend.mget(['a', 'b'])).toEqual([undefined, undefined])
    await backend.delete(['a'])
    expect(await client.indices.exists({ index })).toBe(false)
    await backend.set({ key: 'a', value: 'one' })
    expect(await backend.mget(['a', 'none', 'a'])).toEqual([
      expect.objectContaining({ value: 'one' }),
      undefined,
      expect.objectContaining({ value: 'one' }),
    ])
    await backend.delete(['a', 'none'])
    expect(await backend.get('a')).toBeUndefined()
  })

  it('[E2] take a document without a result for none, and write over it', async () => {
    const index = uniqueIndex()
    await using backend = backendOf(index)
    await client.index({ index, id: 'a', document: { '@timestamp': new Date().toISOString() } })
    expect(await backend.get('a')).toBeUndefined()
    expect(await backend.set({ key: 'a', value: 'one', if: 'absent' })).toMatchObject({ written: true })
    expect(await backend.get('a')).toMatchObject({ value: 'one' })
  })

  it('[E2] ask once for a thousand', async () => {
    await using proxy = await HttpProxy.before(url)
    await using results = resultsOf(new ElasticsearchBackend({ url: `${proxy.url}/${uniqueIndex()}` }))
    const ids = Array.from({ length: 1000 }, (_, at) => `id-${at}`)
    await Promise.all(ids.map((id) => results.markAsDone(id, id)))
    proxy.forget()
    const metas = await results.getMany(ids)
    expect(metas.map(({ result }) => result)).toEqual(ids)
    expect(proxy.requests).toHaveLength(1)
  })

  it('[E2] see every write at once, whatever the index is refreshed', async () => {
    const index = uniqueIndex()
    await client.indices.create({ index, settings: { refresh_interval: '-1' } })
    await using results = resultsOf(backendOf(index), { pollCeilingMs: 20 })
    await using others = resultsOf(backendOf(index))
    const waiting = results.waitFor('late', { timeoutMs: 60_000 })
    for (let round = 0; round < 20; round++) {
      await others.updateState('a', 'PROGRESS', round)
      expect((await results.getTaskMeta('a')).result).toBe(round)
    }
    await others.markAsDone('late', 'here')
    expect((await waiting).result).toBe('here')
    await client.indices.refresh({ index })
  })
})

it('an operation on an index whose name no index can have is misconfigured', async () => {
  await using backend = backendOf('Upper')
  await expect(backend.set({ key: 'a', value: 'one' })).rejects.toSatisfy((error) =>
    BackendError.is(error, 'misconfigured'),
  )
})
