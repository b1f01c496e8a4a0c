import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChordKeys } from '../../src/chords/chord-keys.ts'
import { HeaderDigest, HeaderPages } from '../../src/chords/header-pages.ts'
import { MapBackend } from '../map-backend.ts'
import { keyStore, record } from './units.ts'

function open(map = new MapBackend()) {
  return { map, pages: new HeaderPages(keyStore(map), new ChordKeys(), 1_000) }
}

function ids(count: number, prefix = 't'): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`)
}

describe('the pages of a header', () => {
  it('tell which task fills which slot', async () => {
    const { map, pages } = open()
    await pages.write('c', 0, ids(2_300))
    expect([...map.entries.keys()]).toHaveLength(3)
    expect(await pages.ids(record({ size: 2_300 }))).toEqual(ids(2_300))
  })

  it('tell of what was added later, at its place', async () => {
    const { pages } = open()
    await pages.write('c', 0, ids(2))
    await pages.writeAdded('c', 'x', ['x0', 'x1'])
    await pages.writeAdded('c', 'refused', ['r'])
    await pages.writeAdded('c', '0', ['named as a page'])
    const adds = { x: { first: 2, count: 2 }, 0: { first: 4, count: 1 } }
    const chord = record({ size: 5, sizes: [2, 4, 5], adds })
    expect(await pages.ids(chord)).toEqual(['t0', 't1', 'x0', 'x1', 'named as a page'])
    expect(pages.keysOf(chord)).toHaveLength(3)
  })

  it('say nothing of slots whose page is not there', async () => {
    const { pages } = open()
    expect(await pages.ids(record({ size: 2 }))).toEqual([undefined, undefined])
  })

  it('are written once: the same again is fine, another header is a conflict', async () => {
    const { pages } = open()
    await pages.write('c', 0, ids(2))
    await pages.write('c', 0, ids(2))
    await expect(pages.write('c', 0, ids(3))).rejects.toMatchObject({ code: 'conflict' })
    await expect(pages.write('c', 0, ['other', 't1'])).rejects.toMatchObject({ code: 'conflict' })
    expect(await pages.ids(record())).toEqual(ids(2))
  })
})

function digest(...pieces: readonly (readonly string[])[]): string {
  const header = new HeaderDigest()
  for (const piece of pieces) header.add(piece)
  return String(header)
}

describe('the digest of a header', () => {
  it('does not depend on the pieces in which the ids came', () => {
    expect(digest(['a'], ['b', 'c'])).toBe(digest(['a', 'b', 'c']))
  })

  it('tells all headers apart', () => {
    const headers = fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 })
    fc.assert(
      fc.property(headers, headers, (a, b) => {
        expect(digest(a) === digest(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
    )
    expect(digest(['a', 'b'])).not.toBe(digest(['b', 'a']))
    expect(digest(['1:a'])).not.toBe(digest(['1', 'a']))
  })
})
