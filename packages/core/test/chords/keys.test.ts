import { describe, expect, it } from 'vitest'
import { ChordKeys } from '../../src/chords/chord-keys.ts'
import { chord } from '../../src/index.ts'
import { body, calls, ChordRig, numbered, part, touches } from './chord-rig.ts'

/** The seconds that each key of chords has left. */
function lives(rig: ChordRig): ReadonlyMap<string, number | undefined> {
  const now = rig.time.wallClock()
  return new Map(
    [...rig.map.entries]
      .filter(([key]) => key.startsWith('arpeggio-chord-'))
      .map(([key, { expiresAt }]) => [
        key.slice('arpeggio-chord-'.length),
        expiresAt && (expiresAt.getTime() - now) / 1_000,
      ]),
  )
}

describe('ChordKeys', () => {
  it('are told apart by a letter, behind the prefix of all keys', () => {
    const keys = new ChordKeys({ globalKeyprefix: 'app' })
    const prefix = keys.record('c').slice(0, -'arpeggio-chord-r:c'.length)
    expect(prefix).toMatch(/^app/u)
    const named = [
      keys.record('c'),
      keys.marker('c', 7),
      keys.node('c', { level: 1, index: 2, leaves: 32 }),
      keys.page('c', '1000'),
      keys.value('c', 7),
      keys.failed('c'),
      keys.registry(500_000, 3, 12),
    ]
    expect(named.map((key) => key.slice(prefix.length))).toEqual([
      'arpeggio-chord-r:c',
      'arpeggio-chord-m:c:0:7',
      'arpeggio-chord-m:c:1:2:32',
      'arpeggio-chord-h:c:1000',
      'arpeggio-chord-v:c:7',
      'arpeggio-chord-f:c',
      'arpeggio-chord-g:500000:3:12',
    ])
  })

  it('no id can reach into the fields beside it', () => {
    const keys = new ChordKeys()
    const ids = ['c', 'c:0', 'c:0:1', 'c%3A0', "it's(1)*~!", 'ä/ö', 'a b', '..']
    const names = ids.flatMap((id) => [keys.marker(id, 1), keys.page(id, '1'), keys.page(id, '1:2'), keys.record(id)])
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[\w.%:-]+$/u)
  })
})

describe('the keys of a chord', () => {
  it('all expire, at every moment of its life', async () => {
    const rig = new ChordRig()
    const process = rig.process({ chordInlineBytes: 50, chordFanOut: 2 })
    let checked = 0
    process.after = () => {
      for (const [key, seconds] of lives(rig)) {
        if (seconds === undefined || seconds <= 0) throw new Error(`${key} never expires`)
        checked += 1
      }
    }
    const { results } = process
    await results.apply(chord([part.si(0), part.si(1), part.si(2)], body, { id: 'c', policy: 'failFast' }))
    const parts = rig.broker.take()
    await process.succeed(parts[0], 'x'.repeat(100))
    await results.chords.add('c', 'more', [part.si(3)])
    await process.succeed(parts[1], 1)
    await process.fail(parts[2])
    await process.succeed(rig.broker.take()[0], 1)
    expect(checked).toBeGreaterThan(100)
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })

  it('expire although results do not', async () => {
    const rig = new ChordRig()
    const process = rig.process({ expiresInSeconds: null })
    await process.results.apply(numbered(2))
    await process.succeed(rig.broker.take()[0], 0)
    expect([...lives(rig)].filter(([, seconds]) => seconds === undefined)).toEqual([])
    expect(lives(rig).get('r:c')).toBe(2 * 86_400)
  })

  it('of parts outlive the record, whatever its deadline, and do not go before each other', async () => {
    const rig = new ChordRig()
    const process = rig.process({ tombstoneSeconds: 7_200, maxDeadlineSeconds: 1_000 })
    await process.results.apply(chord([part.si(0), part.si(1)], body, { id: 'c', deadlineSeconds: 100 }))
    const [first] = rig.broker.take()
    await process.succeed(first, 1)
    expect(lives(rig).get('r:c')).toBe(7_300)
    expect(lives(rig).get('m:c:0:0')).toBe(8_200)
    expect(lives(rig).get('h:c:0')).toBe(8_200)
  })

  it('leave a tombstone that says how it ended and goes in its time', async () => {
    const rig = new ChordRig()
    const process = rig.process({ tombstoneSeconds: 10_000 })
    await process.results.apply(numbered(2))
    for (const message of rig.broker.take()) await process.succeed(message, 1)
    expect(lives(rig).get('r:c')).toBe(10_000)
    expect(String(rig.map.entries.get('arpeggio-chord-r:c')?.value)).toContain('"decision":{"kind":"body"}')
    expect(String(rig.map.entries.get('arpeggio-chord-r:c')?.value).length).toBeLessThan(600)
    await rig.time.advance(10_001_000)
    expect(rig.keysOf('c')).toEqual([])
    await expect(process.results.chords.inspect('c')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('do not come back with a part that comes late, however often', async () => {
    const rig = new ChordRig()
    const process = rig.process({ chordInlineBytes: 50 })
    await process.results.apply(numbered(3))
    const parts = rig.broker.take()
    for (const message of parts) await process.succeed(message, 1)
    const before = rig.keys
    for (const message of [...parts, ...parts]) {
      await process.succeed(message, 'other')
      expect(await process.results.onChordPartReturn(message, 'SUCCESS', 'x'.repeat(200))).toBe('late')
      expect(await process.results.onChordPartReturn(message, 'FAILURE', new Error('late'))).toBe('late')
    }
    expect(rig.keys).toEqual(before)
    expect(calls(rig.broker.take())).toEqual([[1, 1, 1]])
  })

  it('are few: a record, a page of ids, a marker for each part and a node for each full range', async () => {
    const rig = new ChordRig()
    const process = rig.process()
    await process.results.apply(numbered(100))
    const parts = rig.broker.take()
    for (const message of parts.slice(0, 99)) await process.succeed(message, 1)
    const kinds = rig
      .keysOf('c')
      .map((key) => (key.startsWith('m:c:0:') ? 'marker' : key.startsWith('m:') ? 'node' : key))
    expect(kinds.filter((kind) => kind === 'marker')).toHaveLength(99)
    expect(kinds.filter((kind) => kind === 'node')).toHaveLength(3)
    expect(kinds.filter((kind) => kind !== 'marker' && kind !== 'node')).toEqual(['h:c:0', 'r:c'])
    await process.succeed(parts[99], 1)
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })
})

describe('a large value', () => {
  it('has a key of its own, written before the marker', async () => {
    const rig = new ChordRig()
    const process = rig.process({ chordInlineBytes: 100 })
    const written: string[] = []
    process.after = ({ name, keys }) => {
      if (name === 'set' && (touches('m')({ name, keys }) || touches('v')({ name, keys }))) written.push(...keys)
    }
    await process.results.apply(numbered(2))
    const [first, second] = rig.broker.take()
    const large = { text: 'x'.repeat(1_000), more: [1, null, true] }
    await process.succeed(first, large)
    expect(written).toEqual(['arpeggio-chord-v:c:0', 'arpeggio-chord-m:c:0:0'])
    expect(String(rig.map.entries.get('arpeggio-chord-m:c:0:0')?.value).length).toBeLessThan(100)
    await process.succeed(second, 'small')
    expect(calls(rig.broker.take())).toEqual([[large, 'small']])
    expect(rig.keysOf('c')).toEqual(['r:c'])
  })

  it('stays what it was when the part comes again with another, also when it died in between', async () => {
    const rig = new ChordRig()
    const dying = rig.process({ chordInlineBytes: 100 })
    await dying.results.apply(numbered(1))
    const [only] = rig.broker.take()
    if (only === undefined) throw new Error('no part')
    dying.dieAfter(touches('v'))
    void dying.results.onChordPartReturn(only, 'SUCCESS', 'a'.repeat(1_000))
    await rig.time.settle()
    const process = rig.process({ chordInlineBytes: 100 })
    await process.results.onChordPartReturn(only, 'SUCCESS', 'b'.repeat(1_000))
    expect(calls(rig.broker.take())).toEqual([['a'.repeat(1_000)]])
  })

  it('is any that JSON can say, and comes out as it went in', async () => {
    const values = ['', 'ünï\u2028\u0000', 1e21, -0.5, 2n ** 70n, [], {}, [[null]], new Date(0), new Uint8Array([1, 2])]
    for (const inlineBytes of [1, 100_000]) {
      const rig = new ChordRig()
      const process = rig.process({ chordInlineBytes: inlineBytes })
      await process.results.apply(numbered(values.length))
      for (const message of rig.broker.take()) await process.succeed(message, values[message.groupIndex ?? 0])
      expect(calls(rig.broker.take())).toEqual([values])
    }
  })
})

describe('a long failure', () => {
  it('is cut in its marker and whole in the result of its task', async () => {
    const rig = new ChordRig()
    const process = rig.process({ chordInlineBytes: 200 })
    const result = await process.results.apply(chord([part.si(0)], body))
    const [only] = rig.broker.take()
    const text = 'long '.repeat(1_000)
    await process.fail(only, new RangeError(text))
    expect(await process.results.getResult(only?.id ?? '')).toMatchObject({ excArgs: [text] })
    const failure = (await process.results.getResult(result.id)) as { readonly excArgs: readonly string[] }
    expect(failure.excArgs[0]).toMatch(/^Dependency [\w-]+ raised ValueError\('long long .*\.\.\.'\)$/u)
    expect(failure.excArgs[0]?.length).toBeLessThan(400)
  })
})
