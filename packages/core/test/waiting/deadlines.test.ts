import { describe, expect, it } from 'vitest'
import { Deadlines, type Expiring } from '../../src/results/waiting/deadlines.ts'
import { Timers } from '../../src/store/timers.ts'
import { VirtualTime } from './virtual-time.ts'

/** Somebody with a deadline, who may leave before. */
class Member implements Expiring {
  readonly deadline: number
  readonly #deadlines: Deadlines
  readonly #fired: Member[]
  isOver = false

  constructor(milliseconds: number, deadlines: Deadlines, fired: Member[] = []) {
    this.#deadlines = deadlines
    this.#fired = fired
    this.deadline = deadlines.after(milliseconds)
    deadlines.add(this)
  }

  expire(): void {
    this.#fired.push(this)
    this.leave()
  }

  leave(): void {
    this.isOver = true
    this.#deadlines.left()
  }
}

describe('Deadlines', () => {
  it.each([
    ['a third', (index: number) => index % 3 === 0],
    ['nine in ten', (index: number) => index % 10 > 0],
  ])('expires each in its time and none that has left, on one timer, when %s leave', async (_share, leaves) => {
    const time = new VirtualTime()
    const timers = new Timers(time)
    const deadlines = new Deadlines(timers)
    const fired: Member[] = []
    const members = Array.from({ length: 500 }, (_, index) => new Member((index * 7_919) % 503, deadlines, fired))
    const leaving = members.filter((_, index) => leaves(index))
    expect(timers.count).toBe(1)
    for (const member of leaving) member.leave()
    await time.advance(250)
    expect(fired.every(({ deadline }) => deadline <= 250)).toBe(true)
    await time.advance(300)
    expect(fired).toHaveLength(500 - leaving.length)
    const times = fired.map(({ deadline }) => deadline)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(fired.some((member) => leaving.includes(member))).toBe(false)
    expect(timers.count).toBe(0)
  })

  it('expires whoever came while others left, in order', async () => {
    const time = new VirtualTime()
    const deadlines = new Deadlines(new Timers(time))
    const fired: Member[] = []
    const expected: Member[] = []
    for (let round = 0; round < 50; round += 1) {
      const members = Array.from({ length: 100 }, (_, index) => new Member(1 + ((index * 61) % 97), deadlines, fired))
      for (const [index, member] of members.entries()) {
        if (index === round) expected.push(member)
        else member.leave()
      }
      await time.advance(1)
    }
    await time.advance(100)
    expect(new Set(fired)).toEqual(new Set(expected))
  })

  it('holds no timer once the last has left', () => {
    const timers = new Timers(new VirtualTime())
    const deadlines = new Deadlines(timers)
    const all = [5, 1, 3].map((milliseconds) => new Member(milliseconds, deadlines))
    for (const member of all) member.leave()
    expect(timers.count).toBe(0)
  })

  it('keeps to deadlines beyond the longest timer', async () => {
    const time = new VirtualTime()
    const fired: Member[] = []
    void new Member(2 ** 32, new Deadlines(new Timers(time)), fired)
    await time.advance(2 ** 32 - 1)
    expect(fired).toHaveLength(0)
    await time.advance(1)
    expect(fired).toHaveLength(1)
  })
})
