import type { ChangeEvent } from '@arpeggio/core'
import { describe, expect, it } from 'vitest'
import { memoryAdapter, MemoryBackend, MemoryStore } from '../src/index.ts'

describe('MemoryBackend', () => {
  it('keeps a store of its own unless it is given one', async () => {
    const store = new MemoryStore()
    const [first, second, alone] = [new MemoryBackend({ store }), new MemoryBackend({ store }), new MemoryBackend()]
    await first.set({ key: 'a', value: 'x' })
    expect((await second.get('a'))?.value).toBe('x')
    expect(await alone.get('a')).toBeUndefined()
  })

  it('leaves a shared store to the others when it is closed', async () => {
    const store = new MemoryStore()
    const [first, second] = [new MemoryBackend({ store }), new MemoryBackend({ store })]
    await first.set({ key: 'a', value: 'x' })
    await first[Symbol.asyncDispose]()
    expect(await second.get('a')).toBeDefined()
  })

  it('goes by the clock that it is given', async () => {
    let now = 0
    const backend = new MemoryBackend({ clock: () => now })
    await backend.set({ key: 'a', value: 'x', expiresInSeconds: 60 })
    expect((await backend.get('a'))?.expiresAt).toEqual(new Date(60_000))
    now = 60_000
    expect(await backend.get('a')).toBeUndefined()
    expect(await backend.clock.now()).toEqual(new Date(60_000))
    expect(await backend.cleanup.run({ limit: 10 })).toBe(1)
  })

  it('holds bytes of its own', async () => {
    const backend = new MemoryBackend()
    const written = Uint8Array.of(1)
    await backend.set({ key: 'a', value: written })
    written[0] = 2
    const got = await backend.get('a')
    if (got?.value instanceof Uint8Array) got.value[0] = 3
    expect((await backend.get('a'))?.value).toEqual(Uint8Array.of(1))
  })

  it('opens from an address', async () => {
    expect((await memoryAdapter.open('memory://')).asUri()).toBe('memory://')
  })
})

describe('notifications', () => {
  it('do not run a listener inside the write that it is told of', async () => {
    const backend = new MemoryBackend()
    const listener = (): void => {
      heard++
    }
    let heard = 0
    const stream = await backend.notifications.open(listener)
    await stream.subscribe(['a'])
    const write = backend.set({ key: 'a', value: 'x' })
    expect(heard).toBe(0)
    await write
    expect(heard).toBe(1)
  })

  it('are lost in an interruption, which is told at its end', async () => {
    const store = new MemoryStore()
    const backend = new MemoryBackend({ store })
    const events: ChangeEvent[] = []
    const stream = await backend.notifications.open((event) => events.push(event))
    await stream.subscribe(['a'])
    await store.interruptNotifications(async () => void (await backend.set({ key: 'a', value: 'x' })))
    await backend.set({ key: 'a', value: 'y' })
    await backend.delete(['a'])
    expect(events).toEqual([{ type: 'gap' }, { type: 'change', key: 'a', value: 'y' }, { type: 'change', key: 'a' }])
  })

  it('end with the backend', async () => {
    const store = new MemoryStore()
    const [first, second] = [new MemoryBackend({ store }), new MemoryBackend({ store })]
    const events: ChangeEvent[] = []
    const stream = await first.notifications.open((event) => events.push(event))
    await stream.subscribe(['a'])
    await first[Symbol.asyncDispose]()
    await second.set({ key: 'a', value: 'x' })
    expect(events).toEqual([])
    await expect(stream.subscribe(['b'])).rejects.toMatchObject({ code: 'disposed' })
  })
})
