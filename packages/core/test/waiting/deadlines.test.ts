import { describe, expect, it } from 'vitest'
import { type Deadline, Deadlines } from '../../src/results/waiting/deadlines.ts'
import { Timers } from '../../src/store/timers.ts'
import { VirtualTime } from './virtual-time.ts'

describe('Deadlines', () => {
  it('expires each in its time and none that was cancelled, on one timer', async () => {
    const time = new VirtualTime()
    const timers = new Timers(time)
    const deadlines = new Deadlines(timers)
    const fired: number[] = []
    const cancelled: Deadline[] = []
    for (let index = 0; index < 500; index += 1) {
      const at = (index * 7_919) % 503
      const deadline = deadlines.add(at, { expire: () => fired.push(at) })
      if (index % 3 === 0) cancelled.push(deadline)
    }
    expect(timers.count).toBe(1)
    for (const deadline of cancelled) deadlines.remove(deadline)
    for (const deadline of cancelled) deadlines.remove(deadline)
    await time.advance(250)
    expect(fired.every((at) => at <= 250)).toBe(true)
    await time.advance(300)
    expect(fired).toHaveLength(500 - cancelled.length)
    expect(fired).toEqual(fired.toSorted((a, b) => a - b))
    expect(timers.count).toBe(0)
  })

  it('holds no timer once the last deadline is cancelled', () => {
    const timers = new Timers(new VirtualTime())
    const deadlines = new Deadlines(timers)
    const all = [5, 1, 3].map((milliseconds) => deadlines.add(milliseconds, { expire: () => undefined }))
    for (const deadline of all) deadlines.remove(deadline)
    expect(timers.count).toBe(0)
  })

  it('keeps to deadlines beyond the longest timer', async () => {
    const time = new VirtualTime()
    const deadlines = new Deadlines(new Timers(time))
    let fired = 0
    deadlines.add(2 ** 32, { expire: () => (fired += 1) })
    await time.advance(2 ** 32 - 1)
    expect(fired).toBe(0)
    await time.advance(1)
    expect(fired).toBe(1)
  })
})
