import { describe, expect, it } from 'vitest'
import { StoreClock } from '../../src/chords/store-clock.ts'
import { BackendError, wrap } from '../../src/index.ts'
import { MapBackend } from '../map-backend.ts'
import { VirtualTime } from '../waiting/virtual-time.ts'

function open(theirs?: () => Date) {
  const time = new VirtualTime()
  const asked = { times: 0 }
  const now = async (): Promise<Date> => {
    asked.times += 1
    return theirs === undefined ? new Date(time.wallClock() - 600_000) : theirs()
  }
  return { time, asked, clock: new StoreClock(wrap(new MapBackend(), { clock: { now } }), time) }
}

describe('the clock of a store', () => {
  it('counts where there is one: it is asked once a minute', async () => {
    const { time, asked, clock } = open()
    expect(clock.toleranceMs).toBe(0)
    expect(clock.now()).toBe(0)
    await clock.compare()
    expect(clock.now()).toBe(-600_000)
    await time.advance(59_000)
    await clock.compare()
    expect(asked.times).toBe(1)
    expect(clock.now()).toBe(-541_000)
    await time.advance(2_000)
    await clock.compare()
    expect(asked.times).toBe(2)
  })

  it('that does not answer changes nothing', async () => {
    const { time, asked, clock } = open(() => {
      throw new BackendError('unavailable', 'away')
    })
    await time.advance(5)
    await clock.compare()
    expect(clock.now()).toBe(5)
    await clock.compare()
    expect(asked.times).toBe(2)
  })

  it('is the process’s own where there is none, and then everything is judged a minute late', async () => {
    const time = new VirtualTime()
    const clock = new StoreClock(new MapBackend(), time)
    await time.advance(5)
    await clock.compare()
    expect(clock.now()).toBe(5)
    expect(clock.toleranceMs).toBe(60_000)
  })
})
