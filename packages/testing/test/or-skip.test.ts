import { afterEach, describe, expect, it, vi } from 'vitest'
import { orSkip, redis, ServiceMissing } from '@arpeggio/testing'

const missing = (): Promise<never> => Promise.reject(new ServiceMissing('no engine'))
const context = {
  skip(reason: string): never {
    throw new Error(`skipped: ${reason}`)
  },
}

describe('a store that cannot be had', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('skips the test with its reason on a developer’s machine', async () => {
    vi.stubEnv('CI', '')
    await expect(orSkip(missing(), context)).rejects.toThrow('skipped: no engine')
  })

  it('fails the test in CI', async () => {
    vi.stubEnv('CI', 'true')
    await expect(orSkip(missing(), context)).rejects.toThrow(ServiceMissing)
  })
})

it('takes the store that a URL in the environment names', async () => {
  vi.stubEnv('TEST_REDIS_URL', 'redis://elsewhere.example:1')
  const service = await redis({ own: true })
  vi.unstubAllEnvs()
  expect(service).toMatchObject({ url: 'redis://elsewhere.example:1', via: 'env' })
})
