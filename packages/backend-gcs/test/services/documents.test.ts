import { randomUUID } from 'node:crypto'
import { firestore as startFirestore, gcs } from '@arpeggio/testing'
import { Firestore } from '@google-cloud/firestore'
import { afterAll, describe, expect, it } from 'vitest'
import { GcsBackend, type GcsSettings } from '../../src/index.ts'
import { Buckets, firestoreOverHttp, textOf } from './gcs-harness.ts'
import { contention, Interceptor } from './interceptor.ts'

const { url: apiEndpoint } = await gcs()
const { url: emulatorHost } = await startFirestore()
const bucket = await new Buckets(apiEndpoint).make()
const project = `test-${randomUUID()}`
const client = new Firestore({ projectId: project, host: emulatorHost, ssl: false })
afterAll(() => client.terminate())

function open(settings: GcsSettings = {}): GcsBackend {
  return new GcsBackend({ bucket, project, apiEndpoint, firestore: { emulatorHost }, ...settings })
}

async function dataOf(key: string): Promise<Record<string, unknown> | undefined> {
  return (await client.collection('celery').doc(key).get()).data()
}

function marker(): string {
  return `arpeggio-chord-m:${randomUUID()}:0:1`
}

describe('what chords keep', () => {
  it('is in documents beside the counters of Celery, with the expiry that its TTL policy goes by', async () => {
    await using backend = open()
    const key = marker()
    await backend.set({ key, value: 'one', expiresInSeconds: 60 })
    const data = await dataOf(key)
    expect(data).toMatchObject({ value: 'one', expires_at: expect.anything() })
    expect(textOf(await backend.get(key))).toBe('one')
  })

  it('is not in the bucket; results and large values are', async () => {
    await using backend = open()
    const id = randomUUID()
    const keys = [`arpeggio-chord-r:${id}`, `arpeggio-chord-v:${id}:1`, `celery-task-meta-${id}`]
    for (const key of keys) await backend.set({ key, value: key, expiresInSeconds: 60 })
    const objects = new GcsBackend({ bucket, project, apiEndpoint })
    expect(await objects.presence.exists(keys)).toEqual([false, true, true])
    await objects[Symbol.asyncDispose]()
    expect((await backend.mget([...keys, 'none', keys[0] ?? ''])).map(textOf)).toEqual([...keys, undefined, keys[0]])
  })

  it('has an id without slashes, and is listed behind the objects', async () => {
    await using backend = open()
    const prefix = `a/${randomUUID()}%/`
    const keys = [`${prefix}celery-task-meta-1`, `${prefix}arpeggio-chord-m:x:0:1`, `${prefix}arpeggio-chord-m:x:0:2`]
    for (const key of keys) await backend.set({ key, value: key })
    const found: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page = await backend.scan.keys(prefix, { limit: 1, ...(cursor !== '' && { cursor }) })
      found.push(...page.keys)
      cursor = page.cursor
    }
    expect(found).toEqual(keys)
  })

  it('[T-59] past its expiry is absent, although the document is still there', async () => {
    let elapsedMs = 0
    await using backend = open({ clock: () => Date.now() + elapsedMs })
    const key = marker()
    const { version = '' } = (await backend.set({ key, value: 'one', expiresInSeconds: 10 })) as { version?: string }
    elapsedMs = 11_000
    expect([await backend.get(key), await backend.presence.exists([key])]).toEqual([undefined, [false]])
    expect(await dataOf(key)).toBeDefined()
    expect(await backend.set({ key, value: 'two', if: version })).toEqual({ written: false })
    elapsedMs = 20_000
    expect((await backend.set({ key, value: 'two', if: 'absent' })).written).toBe(true)
  })

  it('is too large above what a document can hold', async () => {
    await using backend = open()
    const write = backend.set({ key: marker(), value: 'x'.repeat(1_100_000) })
    await expect(write).rejects.toMatchObject({ code: 'too-large' })
  })
})

interface Stand extends AsyncDisposable {
  readonly interceptor: Interceptor
  readonly backend: GcsBackend
}

/** The emulator loses no answers: the client speaks HTTP here, through an interceptor. */
async function throughInterceptor(): Promise<Stand> {
  const interceptor = await Interceptor.open(`http://${emulatorHost}`)
  const rest = firestoreOverHttp(project, interceptor.host)
  const backend = open({ firestore: rest })
  return {
    interceptor,
    backend,
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]()
      await rest.terminate()
      await interceptor[Symbol.asyncDispose]()
    },
  }
}

describe('a commit (answers by an interceptor)', () => {
  it('[T-55] whose answer is lost is sent once: it is uncertain, and did count', async () => {
    await using stand = await throughInterceptor()
    const { backend, interceptor } = stand
    const [key, counter] = [marker(), `chord-unlock-${randomUUID()}`]
    interceptor.fate = () => ({ ...unavailable, isApplied: true })
    await expect(backend.set({ key, value: 'one', if: 'absent' })).rejects.toMatchObject({ code: 'uncertain' })
    await expect(backend.incr(counter)).rejects.toMatchObject({ code: 'uncertain' })
    expect(interceptor.count('commit')).toBe(2)
    expect([(await dataOf(key))?.['value'], (await dataOf(counter))?.['chord_count']]).toEqual(['one', 1])
  })

  it('that meets contention is unavailable, and a counter is tried again as Celery does it', async () => {
    await using stand = await throughInterceptor()
    const { backend, interceptor } = stand
    const counter = `chord-unlock-${randomUUID()}`
    interceptor.fate = () => (interceptor.count('commit') === 1 ? contention : 'pass')
    await expect(backend.set({ key: marker(), value: 'one', if: 'absent' })).rejects.toMatchObject({
      code: 'unavailable',
    })
    interceptor.seen.length = 0
    expect(await backend.incr(counter)).toBe(1)
    expect(interceptor.count('commit')).toBe(2)
  })
})

const unavailable = { status: 503, body: '{"error": {"code": 503, "status": "UNAVAILABLE", "message": "try again"}}' }

describe('a counter', () => {
  it('[G4] is a document named by its key, with chord_count and expires_at in one write', async () => {
    await using backend = open()
    const key = `chord-unlock-${randomUUID()}`
    expect([await backend.incr(key), await backend.incr(key)]).toEqual([1, 2])
    const data = await dataOf(key)
    expect(Object.keys(data ?? {}).toSorted()).toEqual(['chord_count', 'expires_at'])
    expect(data?.['chord_count']).toBe(2)
  })

  it('[G4] counts every one of a hundred at once, each with a number of its own', async () => {
    await using backend = open()
    const key = `chord-unlock-${randomUUID()}`
    const counts = await Promise.all(Array.from({ length: 100 }, () => backend.incr(key)))
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
  })

  it('[G4] needs Firestore', async () => {
    await using backend = new GcsBackend({ bucket, project, apiEndpoint })
    await expect(backend.incr('a')).rejects.toMatchObject({ code: 'unsupported' })
    expect(backend.firestore).toBeUndefined()
  })
})

describe('the client of Firestore', () => {
  it('[G3] is made once, at the first use, and closed with the backend', async () => {
    const backend = open()
    const own = await backend.firestore
    expect(await backend.firestore).toBe(own)
    await backend[Symbol.asyncDispose]()
    await expect(backend.get(marker())).rejects.toMatchObject({ code: 'disposed' })
  })

  it('that is passed in is used as it is, and left open', async () => {
    const backend = open({ firestore: client })
    expect(await backend.firestore).toBe(client)
    await backend.set({ key: marker(), value: 'one' })
    await backend[Symbol.asyncDispose]()
    expect(await dataOf('none')).toBeUndefined()
  })
})
