import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChordKeys } from '../../src/chords/chord-keys.ts'
import type { ChordRecord } from '../../src/chords/chord-record.ts'
import type { Part } from '../../src/chords/chord-ledger.ts'
import { SlotMarkers } from '../../src/chords/slot-markers.ts'
import type { SlotEntry } from '../../src/chords/slot-entry.ts'
import { BackendError, wrap } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'
import { all } from './chord-rig.ts'
import { failed, keyStore, record, success } from './units.ts'

function open(map = new MapBackend(), inlineBytes = 100) {
  const ledger = new SlotMarkers(keyStore(map, 1), new ChordKeys(), { inlineBytes, lifetimeSeconds: 1_000 })
  const fill = (slot: number, entry: SlotEntry = success(`t${slot}`)) => ledger.fill(partOf(slot, entry))
  return { map, ledger, fill }
}

function partOf(slot: number, entry: SlotEntry): Part {
  return { chord: 'c', slot, entry }
}

function sized(size: number, more: Partial<ChordRecord> = {}): ChordRecord {
  return record({ size, ...more })
}

function keysOf(map: MapBackend): readonly string[] {
  return [...map.entries.keys()].map((key) => key.slice('arpeggio-chord-'.length)).toSorted()
}

describe('filling a slot', () => {
  it('happens once, and tells by whom it was filled', async () => {
    const { fill } = open()
    expect(await fill(0, success('a', 1))).toEqual({ filling: 'filled', entry: success('a', 1) })
    expect(await fill(0, success('a', 2))).toEqual({ filling: 'duplicate', entry: success('a', 1) })
    expect(await fill(0, failed('a'))).toEqual({ filling: 'duplicate', entry: success('a', 1) })
    expect(await fill(0, success('b', 3))).toEqual({ filling: 'conflict', entry: success('a', 1) })
  })

  it('is certain of itself only when the store answered', async () => {
    const map = new MapBackend()
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
    const ledger = new SlotMarkers(keyStore(forgetful, 1), new ChordKeys(), {
      inlineBytes: 100,
      lifetimeSeconds: 1_000,
    })
    expect(await ledger.fill(partOf(0, success('a')))).toMatchObject({ filling: 'maybe' })
  })

  it('keeps failures in markers, however long, and large values beside them', async () => {
    const { map, fill } = open()
    await fill(0, failed('a', 'x'.repeat(1_000)))
    expect(keysOf(map)).toEqual(['m:c:0:0'])
    await fill(1, success('b', 'x'.repeat(1_000)))
    expect(keysOf(map)).toEqual(['m:c:0:0', 'm:c:0:1', 'v:c:1'])
  })
})

describe('climbing', () => {
  it('tells of the last slot only, whatever the order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.infiniteStream(fc.nat()), async (size, numbers) => {
        const { ledger, fill } = open()
        const order = Array.from({ length: size }, (_, slot) => [numbers.next().value ?? 0, slot] as const)
        const slots = order.toSorted(([a], [b]) => a - b).map(([, slot]) => slot)
        const told: boolean[] = []
        for (const slot of slots) {
          await fill(slot)
          told.push((await ledger.climb(sized(size, { fanOut: 3 }), slot)) === 'full')
        }
        expect(told.indexOf(true)).toBe(size - 1)
        expect(told.filter(Boolean)).toHaveLength(1)
      }),
      { numRuns: 40 },
    )
  })

  it('uses what was read beside the record, but only where the tree is the same', async () => {
    const { map, ledger, fill } = open()
    for (const slot of [0, 1]) await fill(slot)
    const siblings = await ledger.siblings('c', 1, 2)
    map.calls.clear()
    expect(await ledger.climb(sized(2), 1, siblings)).toBe('full')
    expect([...map.calls]).toEqual([])
    expect(await ledger.climb(sized(4, { fanOut: 4 }), 1, siblings)).toBe('waits')
    expect(await ledger.climb(sized(1), 0, await ledger.siblings('c', 0, 2))).toBe('full')
  })

  it('by a repeat goes where the first did not come', async () => {
    const { map, ledger, fill } = open()
    for (let slot = 0; slot < 4; slot += 1) await fill(slot)
    expect(keysOf(map).filter((key) => /:[12]:\d:/u.test(key))).toEqual([])
    expect(await ledger.climb(sized(4), 0)).toBe('waits')
    expect(await ledger.climb(sized(4), 3)).toBe('full')
  })

  it('depends on the size where what it made, or all that it misses, is cut off by that', async () => {
    const { ledger, fill } = open()
    for (const slot of [0, 1]) await fill(slot)
    expect(await ledger.climb(sized(5), 1)).toBe('waits') // for slots 2 and 3
    expect(await ledger.climb(sized(3), 1)).toBe('depends') // on slot 2 alone
    await fill(4)
    expect(await ledger.climb(sized(5), 4)).toBe('depends') // its node would be another in a larger chord
  })

  it('takes no node of a smaller chord for full', async () => {
    const { ledger, fill } = open()
    for (let slot = 1; slot < 7; slot += 1) {
      await fill(slot)
      await ledger.climb(sized(7), slot)
    }
    await fill(0)
    expect(await ledger.climb(sized(7), 0)).toBe('full')
    expect(await ledger.climb(sized(8), 0)).toBe('waits')
    expect(await ledger.look(sized(8))).toMatchObject({ isComplete: false, missing: [7] })
    await fill(7)
    expect(await ledger.climb(sized(8), 7)).toBe('full')
  })
})

describe('a look', () => {
  it('names the empty slots, whatever they are, and agrees with what is there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 30 }), fc.func(fc.boolean()), async (size, isFilled) => {
        const { ledger, fill } = open()
        const missing: number[] = []
        for (let slot = 0; slot < size; slot += 1) {
          if (isFilled(slot)) {
            await fill(slot)
            if (isFilled(-slot - 1)) await ledger.climb(sized(size, { fanOut: 3 }), slot)
          } else missing.push(slot)
        }
        for (const _ of [1, 2]) {
          const look = await ledger.look(sized(size, { fanOut: 3 }))
          expect(look).toMatchObject({ isComplete: missing.length === 0, missing })
        }
      }),
      { numRuns: 60 },
    )
  })

  it('makes up for the nodes that a crash has left out, so that the next part can climb', async () => {
    const { ledger, fill } = open()
    for (let slot = 0; slot < 7; slot += 1) await fill(slot)
    expect(await ledger.look(sized(8))).toMatchObject({ missing: [7] })
    await fill(7)
    expect(await ledger.climb(sized(8), 7)).toBe('full')
  })

  it('reads nothing below what is known to be full', async () => {
    const { map, ledger, fill } = open()
    for (let slot = 0; slot < 64; slot += 1) {
      await fill(slot)
      await ledger.climb(sized(65, { fanOut: 8 }), slot)
    }
    map.calls.clear()
    expect(await ledger.look(sized(65, { fanOut: 8 }))).toMatchObject({ missing: [64] })
    expect(map.calls.get('exists')).toBeLessThanOrEqual(3)
  })
})

describe('a look that races with the last part', () => {
  it('sees it, or is seen by it', async () => {
    for (let stopAt = 0; stopAt < 8; stopAt += 1) {
      const map = new MapBackend()
      const goOn = Promise.withResolvers<void>()
      let asked = 0
      const slow = wrap(map, {
        presence: {
          exists: async (keys) => {
            const found = await map.presence.exists(keys)
            if (asked++ === stopAt) await goOn.promise
            return found
          },
        },
      })
      const looker = new SlotMarkers(keyStore(slow), new ChordKeys(), { inlineBytes: 100, lifetimeSeconds: 1_000 })
      const { ledger, fill } = open(map)
      for (let slot = 0; slot < 4; slot += 1) await fill(slot)
      const looking = looker.look(sized(5))
      await new Promise(setImmediate)
      await fill(4)
      const isTold = (await ledger.climb(sized(5), 4)) === 'full'
      goOn.resolve()
      const { isComplete } = await looking
      expect(isTold || isComplete).toBe(true)
    }
  })
})

describe('the entries', () => {
  it('come page by page in the order of the slots, large ones with their values', async () => {
    const { ledger, fill } = open()
    await fill(0, success('a', 1))
    await fill(2, success('b', 'x'.repeat(200)))
    const read = async (values?: boolean) =>
      (await all(ledger.entries(sized(4), values === undefined ? {} : { values }))).flat()
    expect(await read()).toMatchObject([{ value: 1 }, undefined, { taskId: 'b', value: 'x'.repeat(200) }, undefined])
    expect((await read(false))[2]).toEqual({ taskId: 'b', state: 'SUCCESS', isLarge: true })
    expect((await all(ledger.entries(sized(4), { from: 2, to: 3 }))).flat()).toHaveLength(1)
  })

  it('are empty where a large value has gone', async () => {
    const { map, ledger, fill } = open()
    await fill(0, success('b', 'x'.repeat(200)))
    map.entries.delete('arpeggio-chord-v:c:0')
    expect((await all(ledger.entries(sized(1)))).flat()).toEqual([undefined])
  })

  it('are read a thousand at a time', async () => {
    const { ledger } = open()
    expect((await all(ledger.entries(sized(2_500)))).map((page) => page.length)).toEqual([1_000, 1_000, 500])
  })
})

describe('the fold', () => {
  it('knows of failures without reading all slots', async () => {
    const { map, ledger, fill } = open()
    const chord = sized(64, { fanOut: 8, results: 'reference' })
    for (let slot = 0; slot < 64; slot += 1) {
      const long = success(`t${slot}`, 'x'.repeat(slot === 9 ? 200 : 1))
      await fill(slot, slot === 37 || slot === 53 ? failed(`t${slot}`) : long)
      await ledger.climb(chord, slot)
    }
    map.calls.clear()
    expect(await ledger.fold(chord)).toEqual({ failed: 2, lowest: 37, large: 1 })
    expect([...map.calls]).toEqual([['mget', 1]])
  })

  it('is nothing as long as a slot is empty, and says so of no slots at all', async () => {
    const { ledger, fill } = open()
    await fill(0)
    expect(await ledger.fold(sized(2, { results: 'reference' }))).toBeUndefined()
    expect(await ledger.fold(sized(0, { results: 'reference' }))).toEqual({ failed: 0, large: 0 })
  })
})

describe('cleaning up', () => {
  it('leaves nothing of any size that the chord had', async () => {
    const { map, ledger, fill } = open()
    for (const size of [5, 9]) {
      for (let slot = 0; slot < size; slot += 1) {
        await fill(slot, success(`t${slot}`, slot === 3 ? 'x'.repeat(200) : 1))
        await ledger.climb(sized(size), slot)
      }
    }
    await ledger.remove(sized(9, { sizes: [5, 9] }), true)
    expect(keysOf(map)).toEqual([])
  })

  it('takes back one slot', async () => {
    const { map, ledger, fill } = open()
    await fill(0, success('a', 'x'.repeat(200)))
    await ledger.clear('c', 0)
    expect(keysOf(map)).toEqual([])
  })
})
