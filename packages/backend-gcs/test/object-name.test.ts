import { describe, expect, it } from 'vitest'
import { chordFamily, isOfChords } from '../src/chord-keys.ts'
import { documentId } from '../src/documents.ts'
import { ObjectNames } from '../src/object-name.ts'

describe('the name of an object', () => {
  it("is Celery's: the key, in the folder if there is one", () => {
    expect(new ObjectNames('').of('celery-task-meta-a%2Fb/c')).toBe('celery-task-meta-a%2Fb/c')
    expect(new ObjectNames('x/y').of('celery-task-meta-1')).toBe('x/y/celery-task-meta-1')
  })

  it('is another one for every key, and leads back to it', () => {
    const names = new ObjectNames('folder')
    const keys = ['a\nb', 'a\u0010nb', 'a\u0010\u0010nb', 'a\rb', 'a\u0010', 'anb', '\u0010\n\u0010', 'ü🎼']
    const found = keys.map((key) => names.of(key))
    expect(new Set(found).size).toBe(keys.length)
    expect(found.map((name) => names.keyOf(name))).toEqual(keys)
    expect(found.join('')).not.toMatch(/[\n\r]/)
  })
})

describe('the id of a document', () => {
  it('is the key, without slashes, and another one for every key', () => {
    expect(documentId('chord-unlock-1')).toBe('chord-unlock-1')
    expect(new Set(['a/b', 'a\u0010sb', 'asb', 'a%2Fb'].map(documentId)).size).toBe(4)
    expect(documentId('a/b')).not.toContain('/')
  })
})

describe('the keys of chords', () => {
  it('are told from results whose ids look like them', () => {
    expect(isOfChords('prefix_arpeggio-chord-m:id:0:1')).toBe(true)
    expect(isOfChords('celery-task-meta-arpeggio-chord-m:id:0:1')).toBe(false)
    expect(isOfChords('arpeggio-chord-v:id:1')).toBe(true)
    expect(isOfChords('arpeggio-chord-v:id:1', { large: false })).toBe(false)
  })

  it('lie together by chord, but for the records', () => {
    expect(chordFamily('folder/arpeggio-chord-m:id:0:1')).toBe('folder/arpeggio-chord-m:id:')
    expect(chordFamily('arpeggio-chord-g:123:0:4')).toBe('arpeggio-chord-g:')
    expect(chordFamily('arpeggio-chord-r:id')).toBe('')
    expect(chordFamily('celery-task-meta-id')).toBe('')
  })
})
