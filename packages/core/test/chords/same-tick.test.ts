import { describe, expect, it } from 'vitest'
import { SameTick } from '../../src/store/same-tick.ts'

describe('SameTick', () => {
  it('does a thing once for all who ask in one tick, after the last of them', async () => {
    const once = new SameTick<number>()
    let asked = 0
    const ask = () => {
      asked += 1
      return once.run('a', async () => asked)
    }
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([3, 3, 3])
    expect(await ask()).toBe(4)
  })

  it('begins anew for whoever asks while it is being done', async () => {
    const once = new SameTick<number>()
    const begun: number[] = []
    const goOn = Promise.withResolvers<void>()
    const ask = (who: number) =>
      once.run('a', async () => {
        begun.push(who)
        await goOn.promise
        return who
      })
    const first = ask(1)
    await new Promise(setImmediate)
    const second = ask(2)
    await new Promise(setImmediate)
    expect(begun).toEqual([1, 2])
    goOn.resolve()
    expect(await Promise.all([first, second])).toEqual([1, 2])
  })

  it('keeps things with other names apart, and fails all who asked together', async () => {
    const once = new SameTick<string>()
    const failing = () => once.run('bad', () => Promise.reject(new Error('no')))
    const all = await Promise.allSettled([failing(), once.run('good', async () => 'fine'), failing()])
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected'])
    expect(await once.run('bad', async () => 'again')).toBe('again')
  })
})
