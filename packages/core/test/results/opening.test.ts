import { describe, expect, it } from 'vitest'
import { type Adapter, disabledBackend, Results } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'

const opened: string[] = []
const mapAdapter: Adapter = {
  schemes: ['map'],
  package: 'map-package',
  open: async (url) => {
    opened.push(url)
    return new MapBackend()
  },
}

describe('Results.open', () => {
  it('opens the adapter of the scheme with the other options', async () => {
    const results = await Results.open('map://here', { adapters: [mapAdapter], globalKeyprefix: 'p' })
    await results.storeResult('a', 1, 'SUCCESS')
    expect(results.backend.name).toBe('map')
    expect(opened.pop()).toBe('map://here')
    const nested = await Results.open('map+https://here', { adapters: [mapAdapter] })
    expect(opened.pop()).toBe('https://here')
    await Promise.all([results.close(), nested[Symbol.asyncDispose]()])
  })

  it('names the schemes it knows and the package to install', async () => {
    const opening = Results.open('redis://h', { adapters: [mapAdapter] })
    await expect(opening).rejects.toMatchObject({
      code: 'misconfigured',
      message: /know map.*@arpeggio\/backend-redis/,
    })
    await expect(Results.open('here', { adapters: [] })).rejects.toMatchObject({ code: 'misconfigured' })
  })
})

describe('disabledBackend', () => {
  it('drops what is stored and refuses to read', async () => {
    const results = new Results({ backend: disabledBackend(), maxRetries: 0 })
    expect(await results.storeResult('a', 1, 'SUCCESS')).toMatchObject({ written: true })
    await expect(results.getState('a')).rejects.toMatchObject({ code: 'unsupported' })
    await expect(results.getMany(['a'])).rejects.toMatchObject({ code: 'unsupported' })
    await expect(results.waitFor('a', { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'unsupported' })
    expect(results.asUri()).toBe('disabled://')
    await results.forget('a')
    await results.close()
    expect((await Results.open('disabled://', { adapters: [] })).backend.name).toBe('disabled')
  })
})
