import { BackendError, Results } from '@arpeggio/core'
import { gcs } from '@arpeggio/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GcsBackend, type GcsSettings } from '../../src/index.ts'
import { Buckets, textOf } from './gcs-harness.ts'
import {
  conditionNotMet,
  type Fate,
  Interceptor,
  overloaded,
  rateLimited,
  RateLimit,
  type Seen,
} from './interceptor.ts'

// The local server refuses nothing and loses nothing: an interceptor before it answers in the documented words.
const { url: target } = await gcs()
const buckets = new Buckets(target)

let interceptor: Interceptor
let bucket: string
beforeEach(async () => {
  interceptor = await Interceptor.open(target)
  bucket = await buckets.make()
})
afterEach(() => interceptor[Symbol.asyncDispose]())

function open(settings: GcsSettings = {}): GcsBackend {
  return new GcsBackend({ bucket, project: 'test', apiEndpoint: interceptor.url, ...settings })
}

function resultsOn(backend: GcsBackend): Results {
  return new Results({ backend, baseSleepMs: 1, maxSleepMs: 50 })
}

/** The first so many of what `isMeant` get that fate. */
function first(count: number, isMeant: (seen: Seen) => boolean, fate: Fate): (seen: Seen) => Fate {
  let left = count
  return (seen) => (isMeant(seen) && left-- > 0 ? fate : 'pass')
}

const isUpload = ({ kind }: Seen): boolean => kind === 'upload'

/** How often the object was really written. */
async function generations(key: string): Promise<number> {
  return interceptor.applied.filter(({ kind, names }) => kind === 'upload' && names.includes(key)).length
}

describe('a write (refusals and losses by an interceptor)', () => {
  it.each([
    ['429', rateLimited],
    ['503', overloaded],
  ])('that is answered %s three times is tried again, and stored once', async (_name, fate) => {
    await using backend = open()
    await using results = resultsOn(backend)
    interceptor.fate = first(3, isUpload, fate)
    expect(await results.markAsDone('a', 1)).toMatchObject({ written: true })
    expect(await generations('celery-task-meta-a')).toBe(1)
  })

  it('whose answer is lost is not doubled: the next try meets it, and it counts as written', async () => {
    await using backend = open()
    await using results = resultsOn(backend)
    interceptor.fate = first(1, isUpload, 'lose')
    expect(await results.storeResult('a', 1, 'SUCCESS')).toMatchObject({ written: true })
    expect(await generations('celery-task-meta-a')).toBe(1)
  })

  it('over a version whose answer is lost is not doubled either', async () => {
    await using backend = open()
    await using results = resultsOn(backend)
    await results.markAsStarted('a')
    interceptor.fate = first(1, isUpload, 'pass')
    interceptor.fate = (seen) => (isUpload(seen) && seen.query.get('ifGenerationMatch') !== '0' ? lostOnce() : 'pass')
    const lostOnce = once('lose')
    expect(await results.storeResult('a', 1, 'SUCCESS')).toMatchObject({ written: true })
    expect(await generations('celery-task-meta-a')).toBe(2)
  })

  it('is told apart: refused for its rate is unavailable, without an answer is uncertain', async () => {
    await using backend = open()
    interceptor.fate = () => rateLimited
    await expect(backend.set({ key: 'a', value: 'one' })).rejects.toMatchObject({ code: 'unavailable' })
    interceptor.fate = () => 'lose'
    await expect(backend.set({ key: 'a', value: 'one' })).rejects.toMatchObject({ code: 'uncertain' })
    await expect(backend.get('a')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('without an answer in time is uncertain', async () => {
    await using backend = open({ timeoutMs: 50 })
    interceptor.fate = () => ({ delayMs: 500 })
    await expect(backend.set({ key: 'a', value: 'one' })).rejects.toMatchObject({ code: 'uncertain' })
  })

  it('[T-58] that comes late, behind a newer one, changes nothing', async () => {
    await using slow = open()
    await using fast = open()
    await using late = resultsOn(slow)
    await using results = resultsOn(fast)
    const delayed = once({ delayMs: 300 })
    interceptor.fate = (seen) => (isUpload(seen) && seen.body.includes('STARTED') ? delayed() : 'pass')
    const started = late.markAsStarted('a')
    await interceptor.until((seen) => seen.some((each) => each.body.includes('STARTED')))
    await results.markAsDone('a', 'newer')
    await started
    expect(await results.result('a').get({ timeoutMs: 5_000 })).toBe('newer')
  })

  it('[T-58] of a STARTED that was refused first does not replace the SUCCESS that came meanwhile', async () => {
    await using backend = open()
    await using results = resultsOn(backend)
    interceptor.fate = first(2, (seen) => isUpload(seen) && seen.body.includes('STARTED'), overloaded)
    const started = results.markAsStarted('a')
    await results.markAsDone('a', 'newer')
    await started
    expect(await results.getState('a')).toBe('SUCCESS')
  })

  it('[T-57] of twenty states of one task within a second stays below the rate of one object, without an error', async () => {
    new RateLimit(1).guard([interceptor])
    await using backend = open()
    await using results = new Results({ backend })
    const updates = [results.markAsStarted('a').then(() => undefined)]
    for (let step = 0; step < 18; step++)
      updates.push(results.updateState('a', 'PROGRESS', { step }).then(() => undefined))
    updates.push(results.markAsDone('a', 'done').then(() => undefined))
    await Promise.all(updates)
    expect(await results.getState('a')).toBe('SUCCESS')
    expect(await generations('celery-task-meta-a')).toBeLessThan(6)
  })

  it('in pieces that is refused with 410 because of its rate is unavailable', async () => {
    await using backend = open()
    interceptor.fate = (seen) =>
      seen.query.get('uploadType') === 'resumable'
        ? { status: 410, body: '{"error": {"message": "rate limit"}}' }
        : 'pass'
    const write = backend.set({ key: 'large', value: 'x'.repeat(9 * 1024 * 1024) })
    await expect(write).rejects.toSatisfy((error) => BackendError.is(error, 'unavailable'))
  })
})

describe('a read (refusals by an interceptor)', () => {
  it('that is refused for now is tried again', async () => {
    await using backend = open()
    await using results = resultsOn(backend)
    await results.markAsDone('a', 1)
    interceptor.fate = first(4, ({ kind }) => kind === 'head', overloaded)
    expect(await results.result('a').get({ timeoutMs: 5_000 })).toBe(1)
  })

  it('that meets a new generation between head and body answers with the newer one, whole', async () => {
    await using backend = open()
    await using writer = new GcsBackend({ bucket, project: 'test', apiEndpoint: target })
    await writer.set({ key: 'a', value: 'one' })
    const overwrite = onceBefore(() => writer.set({ key: 'a', value: 'two', expiresInSeconds: 100 }))
    interceptor.before = async ({ kind }) => (kind === 'media' ? overwrite() : undefined)
    const stored = await backend.get('a')
    expect(textOf(stored)).toBe('two')
    expect(stored?.expiresAt).toBeInstanceOf(Date)
  })
})

describe('writers', () => {
  it('[T-41] twenty at once, in two hundred rounds, never undo an ending', async () => {
    await using one = new GcsBackend({ bucket, project: 'test', apiEndpoint: target })
    await using two = new GcsBackend({ bucket, project: 'test', apiEndpoint: target })
    const processes = [resultsOn(one), resultsOn(two)]
    for (let round = 0; round < 200; round++) {
      const id = `task-${round % 20 === 0 ? round : round}`
      const writes = Array.from({ length: 20 }, (_, index) => report(processes[index % 2] ?? fail(), id, index))
      await Promise.all(writes)
      const meta = await (processes[0] ?? fail()).getTaskMeta(id)
      expect([meta.status, meta.result]).toEqual(['SUCCESS', 4])
    }
    for (const results of processes) await results.close()
  })
})

function fail(): never {
  throw new Error('unreachable')
}

/** Every fifth succeeds, with the same value: whatever the order, that is what stays. */
async function report(results: Results, id: string, index: number): Promise<void> {
  if (index % 5 === 4) await results.markAsDone(id, 4)
  else if (index % 5 === 3) await results.markAsFailure(id, new Error('failed'))
  else if (index % 5 === 2) await results.markAsRetry(id, new Error('again'))
  else if (index % 5 === 1) await results.updateState(id, 'PROGRESS', index)
  else await results.markAsStarted(id)
}

function once(fate: Fate): () => Fate {
  let isDone = false
  return () => {
    if (isDone) return 'pass'
    isDone = true
    return fate
  }
}

function onceBefore(action: () => Promise<unknown>): () => Promise<void> {
  let isDone = false
  return async () => {
    if (isDone) return
    isDone = true
    await action()
  }
}

const rule = { action: { type: 'Delete' }, condition: { daysSinceCustomTime: 1 } }
const other = { action: { type: 'Delete' }, condition: { age: 400 } }

function bucketIs(lifecycle: object | undefined): (seen: Seen) => Fate {
  return ({ kind, method }) =>
    kind === 'bucket' && method === 'GET'
      ? { status: 200, body: JSON.stringify({ lifecycle, metageneration: '7' }) }
      : 'pass'
}

function policyIs(state: string | undefined): (seen: Seen) => Fate {
  const body = JSON.stringify(state === undefined ? {} : { ttlConfig: { state } })
  return (seen) => (seen.kind === 'policy' ? { status: 200, body } : bucketIs({ rule: [rule] })(seen))
}

describe('what has to be set up (answers by an interceptor, which the local server cannot give)', () => {
  it('[G1] is a lifecycle rule by custom time, which is printed where it is missing, beside what is there', async () => {
    await using backend = open()
    interceptor.fate = bucketIs({ rule: [other] })
    const [finding] = await backend.check.run()
    expect(finding?.remedy).toContain(JSON.stringify({ rule: [other, rule] }))
    expect(finding?.remedy).toContain(`gcloud storage buckets update gs://${bucket}`)
    interceptor.fate = bucketIs({ rule: [rule] })
    expect(await backend.check.run()).toEqual([])
  })

  it('[G1] is a TTL policy where Firestore is used, which is printed where it is missing', async () => {
    await using backend = open({ firestore: { project: 'fire', adminEndpoint: interceptor.url } })
    interceptor.fate = policyIs(undefined)
    const [finding] = await backend.check.run()
    expect(finding?.remedy).toBe(
      "gcloud firestore fields ttls update expires_at --collection-group=celery --enable-ttl --project=fire --database='(default)'",
    )
    for (const state of ['ACTIVE', 'CREATING']) {
      interceptor.fate = policyIs(state)
      expect(await backend.check.run()).toEqual([])
    }
    interceptor.fate = policyIs('NEEDS_REPAIR')
    expect(await backend.check.run()).toHaveLength(1)
  })

  it('[T-60] is a finding too where it may not be looked at, and nothing else needs those rights', async () => {
    await using backend = open()
    interceptor.fate = ({ kind }) =>
      kind === 'bucket' ? { status: 403, body: '{"error": {"message": "no access"}}' } : 'pass'
    await backend.set({ key: 'a', value: 'one' })
    const [finding] = await backend.check.run()
    expect(finding?.problem).toContain('no access')
    expect(interceptor.seen.filter(({ kind }) => kind === 'bucket')).toHaveLength(1)
  })

  it('is created by provision, which keeps the rules that are there', async () => {
    await using backend = open({ firestore: { adminEndpoint: interceptor.url } })
    interceptor.fate = (seen) => {
      if (seen.kind === 'policy') return { status: 200, body: '{}' }
      return seen.method === 'PATCH' ? { status: 200, body: '{}' } : bucketIs({ rule: [other] })(seen)
    }
    await backend.provision()
    const patches = interceptor.seen.filter(({ method }) => method === 'PATCH')
    expect(patches.map(({ body }) => JSON.parse(body))).toEqual([
      { lifecycle: { rule: [other, rule] } },
      { ttlConfig: {} },
    ])
    expect(patches[0]?.query.get('ifMetagenerationMatch')).toBe('7')
  })

  it('is left alone by provision when somebody else changes the bucket meanwhile', async () => {
    await using backend = open()
    interceptor.fate = (seen) => (seen.method === 'PATCH' ? conditionNotMet : bucketIs(undefined)(seen))
    await expect(backend.provision()).rejects.toThrow('412')
  })
})
