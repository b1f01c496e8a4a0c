import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SlotTree } from '../../src/chords/slot-tree.ts'

describe('SlotTree', () => {
  it.each([
    [0, 1],
    [1, 1],
    [32, 1],
    [33, 2],
    [1_024, 2],
    [1_025, 3],
    [100_000, 4],
  ])('over %i slots is %i levels high', (size, height) => {
    expect(new SlotTree(size, 32).height).toBe(height)
  })

  it('says in the name of a node how many slots are below it, so that growing makes another node of it', () => {
    expect(new SlotTree(7, 2).place(2, 1)).toEqual({ level: 2, index: 1, leaves: 3 })
    expect(new SlotTree(8, 2).place(2, 1)).toEqual({ level: 2, index: 1, leaves: 4 })
  })

  it('gives a marker to every node but the root', () => {
    expect([...new SlotTree(5, 2).places()]).toEqual([
      { level: 1, index: 0, leaves: 2 },
      { level: 1, index: 1, leaves: 2 },
      { level: 1, index: 2, leaves: 1 },
      { level: 2, index: 0, leaves: 4 },
      { level: 2, index: 1, leaves: 1 },
    ])
    expect([...new SlotTree(2, 2).places()]).toEqual([])
  })

  it('tells the nodes that become others when the chord grows', () => {
    const tree = new SlotTree(7, 2)
    expect([0, 1, 2, 3].map((index) => tree.isCutOff(1, index))).toEqual([false, false, false, true])
    expect([0, 1].map((index) => tree.isCutOff(2, index))).toEqual([false, true])
    expect([0, 1].map((index) => new SlotTree(8, 2).isCutOff(2, index))).toEqual([false, false])
    expect([5, 6].map((slot) => tree.isCutOff(0, slot))).toEqual([false, false])
  })

  it('divides what is below a node among its children, whatever the size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 800 }), fc.integer({ min: 2, max: 40 }), (size, fanOut) => {
        const tree = new SlotTree(size, fanOut)
        expect(tree.count(tree.height)).toBe(1)
        for (let level = 1; level <= tree.height; level += 1) {
          let next = 0
          for (let index = 0; index < tree.count(level); index += 1) {
            const [from, to] = tree.children(level, index)
            expect(from).toBe(next)
            expect(to - from).toBeLessThanOrEqual(fanOut)
            expect(to).toBeGreaterThan(from)
            const below = Array.from({ length: to - from }, (_, at) =>
              level === 1 ? 1 : tree.place(level - 1, from + at).leaves,
            )
            expect(below.reduce((sum, leaves) => sum + leaves, 0)).toBe(tree.place(level, index).leaves)
            next = to
          }
          expect(next).toBe(tree.count(level - 1))
        }
      }),
      { numRuns: 40 },
    )
  })
})
