import { describe, expect, it } from 'vitest'
import { ChordKeys } from '../../src/chords/chord-keys.ts'
import { ChordRegistry } from '../../src/chords/chord-registry.ts'
import { StoreClock } from '../../src/chords/store-clock.ts'
import { type Backend, BackendError, wrap } from '../../src/index.ts'
import { keyStore } from './units.ts'
import { MapBackend } from '../map-backend.ts'
import { VirtualTime } from '../waiting/virtual-time.ts'

const hourMs = 3_600_000
const daySeconds = 86_400

function open(
  time = new VirtualTime(),
  map = new MapBackend({ now: () => time.wallClock() }),
  options: { readonly backend?: Backend; readonly retries?: number } = {},
) {
  const { backend = map, retries = 0 } = options
  const keys = keyStore(backend, retries)
  const registry = new ChordRegistry(keys, new ChordKeys(), new StoreClock(map, time), daySeconds)
  return { time, map, registry }
}

function names(count: number, prefix = 'c'): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`)
}

describe('the list of all chords', () => {
  it('tells each reader of every chord once', async () => {
    const { registry } = open()
    for (const name of names(50)) await registry.append(name)
    const reader = registry.reader()
    expect([...(await reader.poll())].toSorted()).toEqual([...names(50)].toSorted())
    expect(await reader.poll()).toEqual([])
    await registry.append('late')
    expect(await reader.poll()).toEqual(['late'])
    expect(await registry.reader().poll()).toHaveLength(51)
  })

  it('keeps what many enter at once, without gaps', async () => {
    const { time, map } = open()
    const writers = Array.from({ length: 5 }, () => open(time, map).registry)
    await Promise.all(names(300).map((name, at) => writers[at % 5]?.append(name) ?? Promise.resolve()))
    const places = [...map.entries.keys()].map((key) => key.split(':').slice(1).map(Number))
    for (const shard of [0, 1, 2, 3]) {
      const taken = places.filter((place) => place[1] === shard).map((place) => place[2] ?? Number.NaN)
      expect(taken.toSorted((a, b) => a - b)).toEqual(taken.map((_, at) => at))
    }
    expect(new Set(await open(time, map).registry.reader().poll())).toEqual(new Set(names(300)))
  })

  it('finds the first free place without trying them all', async () => {
    const { time, map, registry } = open()
    for (const name of names(400)) await registry.append(name)
    map.calls.clear()
    await open(time, map).registry.append('another')
    expect([...map.calls.values()].reduce((sum, count) => sum + count, 0)).toBeLessThan(12)
  })

  it('goes on from hour to hour, and never asks again for hours that are over', async () => {
    const { time, map, registry } = open()
    const reader = registry.reader()
    for (let hour = 0; hour < 30; hour += 1) {
      await registry.append(`at ${hour}`)
      expect(await reader.poll()).toEqual([`at ${hour}`])
      await time.advance(hourMs)
    }
    let asked: readonly string[] = []
    const watched = wrap(map, {
      presence: {
        exists: (keys) => {
          asked = keys
          return map.presence.exists(keys)
        },
      },
    })
    const late = open(time, map, { backend: watched }).registry.reader()
    expect(await late.poll()).toHaveLength(23)
    await late.poll()
    await late.poll()
    expect(asked.length).toBeLessThan(30)
  })

  it('finds an entry of a writer whose clock is an hour ahead', async () => {
    const { time, map, registry } = open()
    const reader = registry.reader()
    await reader.poll()
    const ahead = new VirtualTime()
    await ahead.advance(hourMs)
    await open(ahead, map).registry.append('ahead')
    expect(await reader.poll()).toEqual(['ahead'])
    expect(time.wallClock()).toBe(0)
  })

  it('is read again from where a failed poll began', async () => {
    const { time, map, registry } = open()
    for (const name of names(900)) await registry.append(name)
    for (let failing = 0; failing < 8; failing += 1) {
      let reads = 0
      const failsOnce = wrap(map, {
        mget: async (keys) => {
          if (reads++ === failing) throw new BackendError('unavailable', 'away')
          return await map.mget(keys)
        },
      })
      const reader = open(time, map, { backend: failsOnce }).registry.reader()
      await expect(reader.poll()).rejects.toMatchObject({ code: 'unavailable' })
      expect(new Set(await reader.poll()).size).toBe(900)
    }
  })

  it('does not lose a chord whose entry was written twice because an answer was lost', async () => {
    const { time, map } = open()
    let isLost = true
    const forgetful = wrap(map, {
      bulk: undefined,
      set: async (write) => {
        const outcome = await map.set(write)
        if (!isLost) return outcome
        isLost = false
        throw new BackendError('uncertain', 'the answer was lost')
      },
    })
    const { registry } = open(time, map, { backend: forgetful, retries: 1 })
    await registry.append('c')
    expect(await registry.reader().poll()).toEqual(['c'])
  })
})
