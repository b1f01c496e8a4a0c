import { tracingChannel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { Results } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'

describe('tracing', () => {
  it('tells of each operation without its values', async () => {
    const events: unknown[] = []
    const handlers = {
      start: (context: object) => void events.push(['start', { ...context }]),
      end: () => undefined,
      asyncStart: () => undefined,
      asyncEnd: (context: object) => void events.push(['asyncEnd', { ...context }]),
      error: () => undefined,
    }
    const channel = tracingChannel('arpeggio.storeResult')
    channel.subscribe(handlers)
    const results = new Results({ backend: new MapBackend() })
    const outcome = await results.storeResult('a', 'secret', 'SUCCESS')
    channel.unsubscribe(handlers)
    expect(outcome).toEqual({ written: true, result: 'secret' })
    const told = { operation: 'storeResult', backend: 'map', taskId: 'a', state: 'SUCCESS' }
    expect(events).toEqual([
      ['start', told],
      ['asyncEnd', { ...told, result: undefined }],
    ])
    await results.storeResult('b', 'secret', 'SUCCESS')
    expect(events).toHaveLength(2)
  })

  it('tells of errors', async () => {
    const errors: unknown[] = []
    const handlers = {
      start: () => undefined,
      end: () => undefined,
      asyncStart: () => undefined,
      asyncEnd: () => undefined,
      error: ({ error }: { readonly error?: unknown }) => void errors.push(error),
    }
    const channel = tracingChannel('arpeggio.publish')
    channel.subscribe(handlers)
    const publisher = { durable: true, publish: () => Promise.reject(new Error('full')) }
    const message = { id: 'a', task: 't', args: [], kwargs: {} }
    await expect(new Results({ backend: new MapBackend(), publisher }).publish([message])).rejects.toThrow('full')
    channel.unsubscribe(handlers)
    expect(errors).toMatchObject([{ message: 'full' }])
  })
})
