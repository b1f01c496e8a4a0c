import { describe, expect, it } from 'vitest'
import { pieces } from '../../src/results/pieces.ts'
import { VirtualTime } from '../waiting/virtual-time.ts'

async function* slow(time: VirtualTime, pausesMs: readonly number[]): AsyncGenerator<number> {
  for (const [at, pauseMs] of pausesMs.entries()) {
    if (pauseMs > 0) await new Promise<void>((resolve) => time.setTimeout(resolve, pauseMs))
    yield at
  }
}

async function* failing(): AsyncGenerator<number> {
  yield 1
  throw new Error('the list is broken')
}

describe('pieces', () => {
  it('are full, but for the last', async () => {
    const found: (readonly number[])[] = []
    for await (const piece of pieces([1, 2, 3, 4, 5], 2, new VirtualTime())) found.push(piece)
    expect(found).toEqual([[1, 2], [3, 4], [5]])
  })

  it('are none for a source without items', async () => {
    for await (const piece of pieces([], 2, new VirtualTime())) expect(piece).toBeUndefined()
  })

  it('do not keep what a slow source has yielded', async () => {
    const time = new VirtualTime()
    const found: (readonly number[])[] = []
    const reading = (async () => {
      for await (const piece of pieces(slow(time, [0, 5, 5, 1_000, 0]), 100, time)) found.push(piece)
    })()
    await time.advance(100)
    expect(found).toEqual([[0, 1, 2]])
    await time.advance(1_000)
    await reading
    expect(found).toEqual([
      [0, 1, 2],
      [3, 4],
    ])
  })

  it('ask for the next item only when the piece before was dealt with', async () => {
    let pulled = 0
    function* counted() {
      for (;;) yield pulled++
    }
    for await (const piece of pieces(counted(), 10, new VirtualTime())) {
      expect(pulled).toBe(piece.length * (1 + (piece[0] ?? 0) / 10))
      if (pulled === 30) break
    }
    expect(pulled).toBe(30)
  })

  it('end the source when nobody wants more, and fail with it', async () => {
    let isEnded = false
    async function* source() {
      try {
        yield 1
        yield 2
      } finally {
        isEnded = true
      }
    }
    for await (const _ of pieces(source(), 1, new VirtualTime())) break
    expect(isEnded).toBe(true)
    const found: number[] = []
    const reading = (async () => {
      for await (const piece of pieces(failing(), 1, new VirtualTime())) found.push(...piece)
    })()
    await expect(reading).rejects.toThrow('the list is broken')
    expect(found).toEqual([1])
  })
})
