import { describe, expect, it } from 'vitest'
import { uuidV5 } from '../../src/canvas/uuid-v5.ts'

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'

describe('uuidV5', () => {
  it('answers as the example in RFC 9562', () => {
    expect(uuidV5(DNS, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2')
  })

  it('takes any text as a namespace, but no two as the same', () => {
    const ids = [DNS, DNS.toUpperCase(), 'a', 'A', ''].map((namespace) => uuidV5(namespace, 'x'))
    expect(new Set(ids).size).toBe(ids.length)
    expect(uuidV5('a', 'x')).toBe(uuidV5('a', 'x'))
  })
})
