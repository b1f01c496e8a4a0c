import { describe, expect, it } from 'vitest'
import { freezeHeader, freezeStreamed } from '../../src/canvas/freeze-streamed.ts'
import { chain, chord, freeze, group, StreamedChord, task, type Signature } from '../../src/index.ts'

const add = task('add', (a: number, b: number) => a + b)
const log = task<(value: unknown) => void>('tasks.log')

const header: readonly Signature[] = [
  add.s(1, 2),
  group([add.s(3, 4), add.s(5, 6)]),
  chain([add.s(1, 2), add.s(3)]),
  chord([add.s(7, 8)], log),
]

describe('a streamed chord', () => {
  it('freezes piece by piece to what it freezes to as a whole', () => {
    const streamed = chord(new Set(header), log, { id: 'c', policy: 'collect' })
    const [whole, ...inner] = freeze(chord(header, log, { id: 'c', policy: 'collect' })).chords
    const { node, ...body } = freezeStreamed(streamed)
    expect(whole).toMatchObject(body)
    const pieces = [header.slice(0, 2), header.slice(2)].map((members, at) =>
      freezeHeader(members, { id: body.id, body: body.body, slot: at * 3, member: at * 2 }),
    )
    expect(pieces.flatMap(({ headerIds }) => headerIds)).toEqual(whole?.headerIds)
    expect(pieces.flatMap(({ messages }) => messages)).toEqual(whole?.messages)
    expect(pieces.flatMap(({ chords }) => chords)).toEqual(inner)
    expect(pieces.map(({ shape }) => shape)).toEqual([[1, [1, 1]], undefined])
    expect({ ...node, parent: { id: 'c', members: pieces.flatMap(({ members }) => members) } }).toEqual(whole?.root)
  })

  it('names what is added to it by the addition', () => {
    const { id, body } = freezeStreamed(chord(new Set<Signature>(), log, { id: 'c' }))
    const added = (addition?: string, slot = 5) =>
      freezeHeader([add.s(1, 2)], { id, body, slot, member: 0, ...(addition === undefined ? {} : { addition }) })
    expect(added('one')).toEqual(added('one'))
    expect(added('one').headerIds).not.toEqual(added('two').headerIds)
    expect(added('one').headerIds).not.toEqual(added().headerIds)
    expect(added('one').headerIds).toEqual(added('one', 6).headerIds)
    expect(added('one').messages).toMatchObject([{ group: 'c', groupIndex: 5 }])
  })

  it('checks its options when it is made', () => {
    expect(chord(new Set(header), log)).toBeInstanceOf(StreamedChord)
    expect(() => chord(new Set(header), log, { deadlineSeconds: -1 })).toThrow(TypeError)
  })
})
