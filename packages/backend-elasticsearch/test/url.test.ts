import { describe, expect, it } from 'vitest'
import { ElasticsearchBackend, elasticsearchAdapter } from '../src/index.ts'
import { addressOf } from '../src/url.ts'

describe('an address', () => {
  it.each([
    ['elasticsearch://', { node: 'http://localhost:9200' }],
    ['elasticsearch://host', { node: 'http://host:9200' }],
    ['elasticsearch://host:9201/', { node: 'http://host:9201' }],
    ['elasticsearch:///results', { node: 'http://localhost:9200', index: 'results' }],
    ['elasticsearch://host/results/', { node: 'http://host:9200', index: 'results' }],
    ['elasticsearch://host/results/backend', { node: 'http://host:9200', index: 'results', docType: 'backend' }],
    ['elasticsearch://host/results?op=x', { node: 'http://host:9200', index: 'results' }],
    ['http://host/results', { node: 'http://host:9200', index: 'results' }],
    ['https://host/results', { node: 'https://host:9200', index: 'results' }],
    ['elasticsearch+https://host/results', { node: 'https://host:9200', index: 'results' }],
    ['elasticsearch://[::1]:9201/results', { node: 'http://[::1]:9201', index: 'results' }],
    ['elasticsearch://me:p%40ss@host', { node: 'http://host:9200', username: 'me', password: 'p@ss' }],
    ['elasticsearch://me@host', { node: 'http://host:9200' }],
  ])('[E1] %s is read as Celery reads it', (url, expected) => {
    expect(addressOf(url)).toEqual(expected)
  })

  it.each(['redis://host', 'elasticsearch', 'elasticsearch://a:9200,b:9200/results', 'elasticsearch://host/%'])(
    '%s is misconfigured',
    (url) => {
      expect(() => addressOf(url)).toThrow(expect.objectContaining({ code: 'misconfigured' }))
    },
  )

  it.each([{ url: 'elasticsearch://host/results/backend' }, { url: 'elasticsearch://host', docType: 'backend' }])(
    '[E1] that names a type of documents is refused, because no server has types any more',
    (options) => {
      expect(() => new ElasticsearchBackend(options)).toThrow(
        expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('backend') }),
      )
    },
  )

  it('is told without the password, unless it is asked for', () => {
    const backend = new ElasticsearchBackend({ url: 'elasticsearch+https://me:p%40ss@host/results' })
    expect(backend.asUri()).toBe('elasticsearch+https://me:**@host:9200/results')
    expect(backend.asUri({ includePassword: true })).toBe('elasticsearch+https://me:p%40ss@host:9200/results')
    expect(new ElasticsearchBackend({ url: 'elasticsearch://' }).asUri()).toBe('elasticsearch://localhost:9200/celery')
    expect(new ElasticsearchBackend({ url: 'elasticsearch://', index: 'other' }).asUri()).toMatch(/\/other$/u)
  })

  it('of a client that was passed in is that of its first node', () => {
    const { server } = new ElasticsearchBackend({ url: 'elasticsearch+https://me:pass@host:9201' })
    expect(new ElasticsearchBackend({ client: server, index: 'results' }).asUri()).toBe(
      'elasticsearch+https://host:9201/results',
    )
  })

  it('opens by its scheme, and with https behind that', async () => {
    for (const url of ['elasticsearch://host/results', 'https://host/results']) {
      await using backend = await elasticsearchAdapter.open(url)
      expect(backend.asUri()).toContain('host:9200/results')
    }
  })

  it('of a cloud is told by its name', () => {
    const id = `name:${Buffer.from('cloud.example$cluster$kibana').toString('base64')}`
    const backend = new ElasticsearchBackend({ cloudId: id, apiKey: 'key' })
    expect(backend.asUri()).toBe('elasticsearch+https://name/celery')
    expect(backend.server.connectionPool.connections[0]?.url.href).toBe('https://cluster.cloud.example/')
  })
})
