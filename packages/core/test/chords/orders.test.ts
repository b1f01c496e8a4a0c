import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calls, ChordRig, numbered } from './chord-rig.ts'

/** Deliveries of three parts, some more than once, each with a value of its own, in any order. */
const deliveries = fc
  .array(fc.integer({ min: 0, max: 2 }), { maxLength: 6 })
  .chain((more) => fc.shuffledSubarray([0, 1, 2, ...more], { minLength: 3 + more.length }))
  .filter((slots) => new Set(slots).size === 3)

describe('the parts of a chord', () => {
  it('fire it once, with the first value of each slot, however often and in whatever order they return', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, fc.boolean(), fc.boolean(), async (slots, isStored, isSame) => {
        const rig = new ChordRig()
        const process = rig.process({ chordFanOut: 2 })
        await process.results.apply(numbered(3))
        const parts = rig.broker.take()
        const first = new Map<number, unknown>()
        for (const [at, slot] of slots.entries()) {
          const message = parts[slot]
          if (message === undefined) continue
          const value = isSame ? slot : `${slot}, ${at}`
          if (!first.has(slot)) first.set(slot, value)
          expect(rig.broker.messages).toHaveLength(first.size === 3 && at > lastFirst(slots) ? 1 : 0)
          if (isStored) await process.succeed(message, value)
          else await process.results.onChordPartReturn(message, 'SUCCESS', value)
        }
        expect(calls(rig.broker.take())).toEqual([[first.get(0), first.get(1), first.get(2)]])
        expect(rig.keysOf('c')).toEqual(['r:c'])
      }),
      { numRuns: 80 },
    )
  })

  it('fire it once when all return at the same time, twice, in several processes', async () => {
    for (const count of [1, 2, 5, 33]) {
      const rig = new ChordRig()
      const processes = [rig.process(), rig.process(), rig.process()]
      await processes[0]?.results.apply(numbered(count))
      const twice = rig.broker.take().flatMap((message) => [message, message])
      const returned = twice.map(async (message, at) => await processes[at % 3]?.succeed(message, message.groupIndex))
      await Promise.all(returned)
      expect(calls(rig.broker.take())).toEqual([Array.from({ length: count }, (_, at) => at)])
      expect(rig.keysOf('c')).toEqual(['r:c'])
    }
  })

  it('do not fill the slots of another chord whose id begins alike', async () => {
    const rig = new ChordRig()
    const process = rig.process({ chordFanOut: 2 })
    const ids = ['c', 'c:0', 'c:0:1', 'c-1', 'c%3A0']
    for (const id of ids) await process.results.apply(numbered(3, id))
    const parts = rig.broker.take()
    for (const message of parts) await process.succeed(message, `${message.group} ${message.groupIndex}`)
    const expected = ids.map((id) => [`${id} 0`, `${id} 1`, `${id} 2`])
    expect(calls(rig.broker.take())).toEqual(expected)
  })
})

/** Where in the deliveries the last slot was filled. */
function lastFirst(slots: readonly number[]): number {
  return Math.max(...[0, 1, 2].map((slot) => slots.indexOf(slot)))
}
