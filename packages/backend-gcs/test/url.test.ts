import { afterEach, describe, expect, it, vi } from 'vitest'
import { GcsBackend } from '../src/index.ts'
import { settingsOf } from '../src/options.ts'

function refusal(options: Parameters<typeof settingsOf>[0]): unknown {
  try {
    return settingsOf(options)
  } catch (error) {
    return error
  }
}

function refused(message: RegExp): object {
  return { code: 'misconfigured', message: expect.stringMatching(message) }
}

describe('an address', () => {
  afterEach(() => vi.restoreAllMocks())

  it("[G1] names bucket, folder and Celery's settings", () => {
    const url =
      'gs://Bucket/some/path/?gcs_project=project&gcs_ttl=600.5&gcs_threadpool_maxsize=20&firestore_project=other'
    expect(settingsOf({ url })).toMatchObject({
      bucket: 'bucket',
      basePath: 'some/path',
      project: 'project',
      ttlSeconds: 600.5,
      maxParallelRequests: 20,
      firestore: { project: 'other' },
    })
  })

  it("[G1] has Celery's defaults, and asks for no Firestore unless it names one", () => {
    expect(settingsOf({ url: 'gs://bucket?gcs_project=p' })).toMatchObject({
      bucket: 'bucket',
      basePath: '',
      ttlSeconds: 0,
      firestore: undefined,
    })
  })

  it('[G1] wins over the options beside it, and its query over what stands before', () => {
    const options = { project: 'one', basePath: 'a', ttlSeconds: 1 }
    expect(
      settingsOf({ url: 'gs://bucket/b?gcs_project=two&gcs_bucket=other&gcs_base_path=/c/', ...options }),
    ).toMatchObject({
      bucket: 'other',
      basePath: 'c',
      project: 'two',
      ttlSeconds: 1,
    })
  })

  it('[G1] may name another database of Firestore', () => {
    const url = 'gs://bucket?gcs_project=p&firestore_project=f&firestore_database=d'
    expect(settingsOf({ url })).toMatchObject({ firestore: { project: 'f', database: 'd' } })
    expect(settingsOf({ url: 'gs://bucket?gcs_project=p', firestore: { database: 'e' } })).toMatchObject({
      firestore: { database: 'e' },
    })
  })

  it('[G1] is refused without a bucket, without a project, and with a lifetime below zero', () => {
    expect(refusal({ url: 'gs://?gcs_project=p' })).toMatchObject(refused(/bucket is missing/))
    expect(refusal({ bucket: '', project: 'p' })).toMatchObject(refused(/bucket is missing/))
    expect(refusal({ url: 'gs://bucket' })).toMatchObject(refused(/project of the bucket is missing/))
    expect(refusal({ url: 'gs://bucket?gcs_project=p&gcs_ttl=-1' })).toMatchObject(refused(/gcs_ttl/))
    expect(refusal({ url: 'gs://bucket?gcs_project=p&gcs_ttl=soon' })).toMatchObject(refused(/gcs_ttl is a number/))
    expect(refusal({ url: 'gs://bucket?gcs_project=p&gcs_threadpool_maxsize=0' })).toMatchObject(refused(/at least 1/))
  })

  it('is refused when it says what is not understood, or leaves no room for keys', () => {
    expect(refusal({ url: 'gs://bucket?gcs_project=p&colour=red' })).toMatchObject(refused(/Unknown .*colour/))
    expect(refusal({ url: 'https://bucket' })).toMatchObject(refused(/Not an address/))
    expect(refusal({ url: 'gs://bucket/%zz?gcs_project=p' })).toMatchObject(refused(/percent-encoded/))
    expect(refusal({ bucket: 'b', project: 'p', basePath: 'x'.repeat(600) })).toMatchObject(refused(/base path/))
  })

  it('is taken with a warning when it says ttl, which means nothing to Celery either', () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    expect(settingsOf({ url: 'gs://bucket?gcs_project=p&ttl=600' })).toMatchObject({ ttlSeconds: 0 })
    expect(warning).toHaveBeenCalledOnce()
  })

  it('is told again by the backend', async () => {
    const url = 'gs://bucket/a%20b?gcs_project=p&firestore_project=f'
    await using backend = new GcsBackend({ url })
    expect(backend.asUri()).toBe(url)
    await using other = new GcsBackend({ bucket: 'bucket', project: 'p' })
    expect(other.asUri()).toBe('gs://bucket?gcs_project=p')
  })
})
