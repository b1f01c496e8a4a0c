import { errors } from '@elastic/elasticsearch'
import { describe, expect, it } from 'vitest'
import { ElasticsearchBackend } from '../src/index.ts'
import { answered, toBackendError } from '../src/errors.ts'

const here = { address: 'elasticsearch://host:9200/celery', isDisposed: false }

function codeOf(error: Error): unknown {
  const translated = toBackendError(error, here)
  return translated === error ? 'none' : translated
}

function responseError(statusCode: number, body: unknown = {}): Error {
  const meta = { context: null, name: 'test', request: { params: { method: 'GET', path: '/' }, options: {}, id: 1 } }
  const rest = { connection: null, attempts: 0, aborted: false }
  return new errors.ResponseError({ statusCode, body, headers: {}, warnings: null, meta: { ...meta, ...rest } })
}

describe('an error of the connection', () => {
  it.each([
    ['connect ECONNREFUSED 127.0.0.1:9200', 'unavailable'],
    ['connection failed (http://localhost:9200/)', 'unavailable'],
    ['getaddrinfo ENOTFOUND host', 'unavailable'],
    ['Connect Timeout Error', 'unavailable'],
    ['other side closed - Local: unknown', 'uncertain'],
    ['read ECONNRESET', 'uncertain'],
    ['terminated', 'uncertain'],
    ['self-signed certificate', 'misconfigured'],
    ["Hostname/IP does not match certificate's altnames", 'misconfigured'],
  ])('%s is %s', (message, code) => {
    expect(codeOf(new errors.ConnectionError(message))).toMatchObject({ code })
  })

  it('tells what may have been done from what was not', () => {
    expect(codeOf(new errors.TimeoutError('Request timed out'))).toMatchObject({ code: 'uncertain' })
    expect(codeOf(new errors.DeserializationError('Unexpected end', '{'))).toMatchObject({ code: 'uncertain' })
    expect(codeOf(new errors.ConfigurationError('Bad'))).toMatchObject({ code: 'misconfigured' })
  })

  it('after the end of the backend says that', () => {
    expect(toBackendError(new errors.ConnectionError('closed'), { ...here, isDisposed: true })).toMatchObject({
      code: 'disposed',
    })
  })

  it('that is none of the client stays as it is', () => {
    expect(codeOf(new TypeError('a mistake'))).toBe('none')
  })
})

describe('an answer', () => {
  it.each([
    [400, 'misconfigured'],
    [401, 'misconfigured'],
    [403, 'misconfigured'],
    [408, 'uncertain'],
    [409, 'conflict'],
    [413, 'too-large'],
    [418, 'uncertain'],
    [429, 'unavailable'],
    [500, 'uncertain'],
    [502, 'uncertain'],
    [503, 'uncertain'],
    [504, 'uncertain'],
  ])('%i is %s', (status, code) => {
    expect(codeOf(responseError(status, 'not from Elasticsearch'))).toMatchObject({ code })
  })

  it('503 of the server itself means that nothing was done', () => {
    const body = { error: { type: 'unavailable_shards_exception', reason: 'primary shard is not active' } }
    expect(codeOf(responseError(503, body))).toMatchObject({ code: 'unavailable' })
  })

  it('says why, in the words of the server', () => {
    expect(answered(429, { type: 'cluster_block_exception', reason: 'read-only-allow-delete' }, 'there').message).toBe(
      'Elasticsearch at there answered 429 cluster_block_exception: read-only-allow-delete',
    )
  })
})

describe('exceptionSafeToRetry', () => {
  const backend = new ElasticsearchBackend({ url: 'elasticsearch://' })

  it.each([401, 409, 429, 500, 502, 503, 504])('[E6] is true of status %i', (status) => {
    expect(backend.exceptionSafeToRetry(responseError(status))).toBe(true)
  })

  it.each([400, 403, 404, 413])('[E6] is false of status %i', (status) => {
    expect(backend.exceptionSafeToRetry(responseError(status))).toBe(false)
  })

  it('[E6] is true of every error of the connection', () => {
    expect(backend.exceptionSafeToRetry(new errors.ConnectionError('reset'))).toBe(true)
    expect(backend.exceptionSafeToRetry(new errors.TimeoutError('late'))).toBe(true)
  })
})
