import { randomUUID } from 'node:crypto'
import { openInChild } from '@arpeggio/conformance'
import { Results } from '@arpeggio/core'
import { gcs } from '@arpeggio/testing'
import { type Bucket, Storage } from '@google-cloud/storage'
import { beforeEach, describe, expect, it } from 'vitest'
import { GcsBackend, type GcsSettings } from '../../src/index.ts'
import { Buckets, textOf } from './gcs-harness.ts'
import { Interceptor } from './interceptor.ts'

const { url: apiEndpoint } = await gcs()
const client = new Storage({ projectId: 'test', apiEndpoint })
const buckets = new Buckets(apiEndpoint)

let bucket: Bucket
beforeEach(async () => {
  bucket = client.bucket(await buckets.make())
})

function open(settings: GcsSettings & { readonly storage?: Storage } = {}): GcsBackend {
  return new GcsBackend({ bucket: bucket.name, project: 'test', apiEndpoint, ...settings })
}

async function names(): Promise<readonly string[]> {
  const [files] = await bucket.getFiles()
  return files.map(({ name }) => name)
}

describe('an object', () => {
  it('[G2] is named, filled and typed as Celery does it, its expiry being its custom time', async () => {
    await using backend = open({ basePath: '/some/path/' })
    await using results = new Results({ backend, expiresInSeconds: 600 })
    await results.markAsDone('a/b', 42)
    expect(await names()).toEqual(['some/path/celery-task-meta-a/b'])
    const file = bucket.file('some/path/celery-task-meta-a/b')
    const [{ contentType, customTime }] = await file.getMetadata()
    const [content] = await file.download()
    expect(contentType).toBe('text/plain')
    expect(JSON.parse(content.toString())).toMatchObject({ status: 'SUCCESS', result: 42, task_id: 'a/b' })
    const seconds = (Date.parse(customTime ?? '') - Date.now()) / 1_000
    expect(seconds).toBeGreaterThan(590)
    expect(seconds).toBeLessThan(601)
  })

  it('[G2] without a lifetime has no custom time', async () => {
    await using backend = open()
    await backend.set({ key: 'a', value: 'one' })
    const [metadata] = await bucket.file('a').getMetadata()
    expect(metadata.customTime).toBeUndefined()
  })

  it('[G2] that Celery wrote is read, with the expiry of its custom time or without one', async () => {
    const meta = { status: 'SUCCESS', result: 7, traceback: null, children: [], task_id: 'x' }
    await bucket.file('celery-task-meta-x').save(JSON.stringify(meta), { resumable: false })
    const customTime = new Date(Date.now() + 60_000).toISOString().replace('Z', '123Z')
    await bucket.file('celery-task-meta-y').save(JSON.stringify(meta), { resumable: false, metadata: { customTime } })
    await using backend = open()
    await using results = new Results({ backend })
    expect(await results.result('x').get({ timeoutMs: 5_000 })).toBe(7)
    expect((await backend.get('celery-task-meta-x'))?.expiresAt).toBeUndefined()
    expect((await backend.get('celery-task-meta-y'))?.expiresAt).toEqual(new Date(Date.parse(customTime)))
  })

  it('[G2] lives as long as gcs_ttl says, whatever Results says; what chords keep, as long as they need it', async () => {
    const url = `gs://${bucket.name}?gcs_project=test&gcs_ttl=60`
    await using backend = new GcsBackend({ url, apiEndpoint })
    await backend.set({ key: 'celery-task-meta-a', value: 'one', expiresInSeconds: 1_000 })
    await backend.set({ key: 'arpeggio-chord-r:a', value: 'one', expiresInSeconds: 1_000 })
    const [result, record] = await backend.mget(['celery-task-meta-a', 'arpeggio-chord-r:a'])
    expect((result?.expiresAt?.getTime() ?? 0) - Date.now()).toBeLessThan(61_000)
    expect((record?.expiresAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(900_000)
  })

  it('[G2] that is missing is undefined, and deleting it is one request and no error', async () => {
    await using interceptor = await Interceptor.open(apiEndpoint)
    await using backend = open({ apiEndpoint: interceptor.url })
    expect(await backend.get('missing')).toBeUndefined()
    await backend.set({ key: 'there', value: 'one' })
    interceptor.seen.length = 0
    await backend.delete(['missing', 'there'])
    expect(interceptor.seen.map(({ kind }) => kind)).toEqual(['delete', 'delete'])
    expect(await names()).toEqual([])
  })

  it('[G2] is one of many in a bulk read, in their order, so many at a time as is asked for', async () => {
    await using interceptor = await Interceptor.open(apiEndpoint)
    await using backend = open({ apiEndpoint: interceptor.url, maxParallelRequests: 7 })
    const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`)
    await Promise.all(keys.filter((_, index) => index % 3 !== 0).map((key) => backend.set({ key, value: key })))
    interceptor.fate = () => ({ delayMs: 5 })
    const read = await backend.mget(keys.toReversed())
    expect(read.toReversed().map(textOf)).toEqual(keys.map((key, index) => (index % 3 === 0 ? undefined : key)))
    expect(interceptor.mostAtOnce).toBe(7)
  })

  it('of more than 8 MiB goes up in pieces, under the same conditions, and comes back whole', async () => {
    await using backend = open()
    const value = 'x'.repeat(9 * 1024 * 1024)
    const first = await backend.set({ key: 'large', value, expiresInSeconds: 100, if: 'absent' })
    expect(first.written).toBe(true)
    expect(await backend.set({ key: 'large', value, if: 'absent' })).toEqual({ written: false })
    const stored = await backend.get('large')
    expect(textOf(stored) === value).toBe(true)
    expect(first.written && first.version).toBe(stored?.version)
    expect(stored?.expiresAt).toBeInstanceOf(Date)
  })

  it('with line breaks in its key has another name, and is found by it', async () => {
    await using backend = open()
    await backend.set({ key: 'a\nb', value: 'one' })
    expect(textOf(await backend.get('a\nb'))).toBe('one')
    expect(await backend.scan.keys('a\n')).toEqual({ keys: ['a\nb'] })
  })

  it('[T-59] past its expiry is absent, although the bucket still has it', async () => {
    let elapsedMs = 0
    await using backend = open({ clock: () => Date.now() + elapsedMs })
    await backend.set({ key: 'a', value: 'one', expiresInSeconds: 10 })
    elapsedMs = 11_000
    expect(await backend.get('a')).toBeUndefined()
    expect(await backend.presence.exists(['a'])).toEqual([false])
    expect(await names()).toEqual(['a'])
    elapsedMs = 20_000
    expect((await backend.set({ key: 'a', value: 'two', if: 'absent' })).written).toBe(true)
  })

  it('[T-59] ends a wait as expired when it was seen before', async () => {
    let elapsedMs = 0
    await using backend = open({ clock: () => Date.now() + elapsedMs })
    await using results = new Results({ backend, expiresInSeconds: 10 })
    await results.markAsStarted('a')
    const watched = results.watch('a', { timeoutMs: 10_000 })[Symbol.asyncIterator]()
    await watched.next()
    const next = watched.next()
    elapsedMs = 11_000
    await expect(next).rejects.toMatchObject({ code: expect.stringMatching(/expired|not-found/) })
  })
})

describe('a read', () => {
  it('of an object that has not changed asks for its generation alone', async () => {
    await using interceptor = await Interceptor.open(apiEndpoint)
    await using writer = open()
    await using reader = open({ apiEndpoint: interceptor.url })
    await writer.set({ key: 'a', value: 'one' })
    for (let round = 0; round < 5; round++) expect(textOf(await reader.get('a'))).toBe('one')
    expect([interceptor.count('head'), interceptor.count('media')]).toEqual([5, 1])
    await writer.set({ key: 'a', value: 'two' })
    expect(textOf(await reader.get('a'))).toBe('two')
    expect(interceptor.count('media')).toBe(2)
  })

  it('of what its own process has written needs no body', async () => {
    await using interceptor = await Interceptor.open(apiEndpoint)
    await using backend = open({ apiEndpoint: interceptor.url })
    await backend.set({ key: 'a', value: 'one' })
    expect(textOf(await backend.get('a'))).toBe('one')
    expect(interceptor.count('media')).toBe(0)
  })

  it('of a thousand keys of a chord lists them instead of asking for each', async () => {
    await using interceptor = await Interceptor.open(apiEndpoint)
    await using backend = open({ apiEndpoint: interceptor.url })
    const keys = Array.from({ length: 1_000 }, (_, slot) => `arpeggio-chord-m:id:0:${slot}`)
    const present = keys.filter((_, slot) => slot % 100 === 3)
    await Promise.all(present.map((key) => backend.set({ key, value: key })))
    interceptor.seen.length = 0
    const exist = await backend.presence.exists(keys)
    expect(keys.filter((_, at) => exist[at])).toEqual(present)
    expect(interceptor.seen.map(({ kind }) => kind)).toEqual(['list'])
    expect((await backend.mget(keys)).map(textOf).filter((text) => text !== undefined)).toEqual(present)
  })
})

describe('clients', () => {
  it('[G3] are made by each process for itself, and work side by side', async () => {
    await using parent = open()
    await parent.set({ key: 'a', value: 'parent' })
    const entry = new URL('second-process.ts', import.meta.url)
    await using child = await openInChild(parent, entry, [apiEndpoint, bucket.name])
    expect(textOf(await child.get('a'))).toBe('parent')
    await child.set({ key: 'a', value: 'child' })
    expect(textOf(await parent.get('a'))).toBe('child')
  })

  it('that are passed in are used as they are', async () => {
    await using backend = open({ storage: client })
    expect(await backend.storage).toBe(client)
    await backend.set({ key: 'a', value: 'one' })
    expect(await names()).toEqual(['a'])
  })

  it('send the credentials of the application where the endpoint asks for them', async () => {
    await using interceptor = await Interceptor.open(apiEndpoint)
    const authClient = { getRequestHeaders: async () => new Headers({ authorization: 'Bearer token' }) }
    const storage = {
      bucket: (name: string) => client.bucket(name),
      apiEndpoint: interceptor.url,
      customEndpoint: false,
      authClient,
    }
    await using backend = new GcsBackend({ bucket: bucket.name, storage })
    await backend.set({ key: 'a', value: 'one' })
    expect(interceptor.seen[0]?.authorization).toBe('Bearer token')
    storage.authClient.getRequestHeaders = () => Promise.reject(new Error('Could not load the default credentials'))
    await expect(backend.get('a')).rejects.toMatchObject({ code: 'misconfigured' })
  })

  it('find the endpoint of an emulator in the usual environment variable', async () => {
    process.env['STORAGE_EMULATOR_HOST'] = apiEndpoint
    try {
      await using backend = new GcsBackend({ bucket: bucket.name, project: 'test' })
      await backend.set({ key: 'a', value: 'x'.repeat(9 * 1024 * 1024) })
      await backend.set({ key: 'b', value: 'two' })
      expect(textOf(await backend.get('b'))).toBe('two')
    } finally {
      delete process.env['STORAGE_EMULATOR_HOST']
    }
  })

  it('say which bucket is missing', async () => {
    await using backend = new GcsBackend({ bucket: `no-${randomUUID()}`, project: 'test', apiEndpoint })
    await expect(backend.set({ key: 'a', value: 'one' })).rejects.toMatchObject({ code: 'misconfigured' })
  })
})
