import { unwrapTyped } from './typed-envelope.ts'
import { JsonEntries, PyFloat } from './typed-values.ts'
import { unreadable } from './unreadable.ts'

export interface ReadOptions {
  /** Keeps every number's spelling and every object's order, and leaves typed values in their envelopes. */
  readonly lossless: boolean
  readonly maxDepth: number
}

/** Reads JSON with Python's three extra numbers and integers of any size. Throws `unreadable` for anything else. */
export function readJson(text: string, options: ReadOptions): unknown {
  return new JsonReader(text, options).read()
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const SPACE = /[ \t\n\r]*/y
// Python refuses longer integers too: reading one takes time that is more than linear in its length.
const MAX_INTEGER_DIGITS = 4300

const WORDS: Readonly<Record<string, readonly [word: string, value: unknown]>> = {
  t: ['true', true],
  f: ['false', false],
  n: ['null', null],
  N: ['NaN', NaN],
  I: ['Infinity', Infinity],
}

class JsonReader {
  readonly #text: string
  readonly #options: ReadOptions
  #at = 0
  #depth = 0

  constructor(text: string, options: ReadOptions) {
    this.#text = text
    this.#options = options
  }

  read(): unknown {
    const value = this.#value()
    this.#space()
    if (this.#at < this.#text.length) throw this.#wrong()
    return value
  }

  #value(): unknown {
    this.#space()
    const character = this.#text[this.#at]
    if (character === '"') return this.#string()
    if (character === '{') return this.#nested(() => this.#object())
    if (character === '[') return this.#nested(() => this.#array())
    if (character !== undefined && Object.hasOwn(WORDS, character)) return this.#word(character)
    if (this.#text.startsWith('-Infinity', this.#at)) return this.#extra('-Infinity', -Infinity)
    return this.#number()
  }

  #nested(read: () => unknown): unknown {
    this.#depth += 1
    if (this.#depth > this.#options.maxDepth) throw unreadable(`Nested over ${this.#options.maxDepth} levels`)
    this.#at += 1
    const value = read()
    this.#depth -= 1
    return value
  }

  #array(): unknown[] {
    const items: unknown[] = []
    if (this.#takes(']')) return items
    do items.push(this.#value())
    while (this.#takes(','))
    this.#expect(']')
    return items
  }

  #object(): unknown {
    const entries: [string, unknown][] = []
    if (!this.#takes('}')) {
      do entries.push(this.#entry())
      while (this.#takes(','))
      this.#expect('}')
    }
    if (!this.#options.lossless) return unwrapTyped(Object.fromEntries(entries))
    const object: Record<string, unknown> = Object.fromEntries(entries)
    return keepsOrder(object, entries) ? object : new JsonEntries(entries)
  }

  #entry(): [string, unknown] {
    this.#space()
    if (this.#text[this.#at] !== '"') throw this.#wrong()
    const key = this.#string()
    this.#expect(':')
    return [key, this.#value()]
  }

  #string(): string {
    const start = this.#at
    let end = this.#text.indexOf('"', start + 1)
    while (end !== -1 && this.#isEscaped(end, start)) end = this.#text.indexOf('"', end + 1)
    if (end === -1) throw this.#wrong()
    this.#at = end + 1
    const literal = this.#text.slice(start, end + 1)
    try {
      return JSON.parse(literal) as string // a literal between quotes can only be a string
    } catch (error) {
      throw unreadable(`Not JSON: a malformed string at ${start}`, error)
    }
  }

  #isEscaped(quote: number, start: number): boolean {
    let backslashes = 0
    while (quote - backslashes - 1 > start && this.#text.charCodeAt(quote - backslashes - 1) === 0x5c) backslashes += 1
    return backslashes % 2 === 1
  }

  #number(): unknown {
    NUMBER.lastIndex = this.#at
    const match = NUMBER.exec(this.#text)
    if (match === null) throw this.#wrong()
    const [token, fraction, exponent] = match
    this.#at += token.length
    const value = Number(token)
    if (fraction === undefined && exponent === undefined) return this.#integer(token, value)
    return this.#options.lossless ? new PyFloat(value, token) : value
  }

  #integer(token: string, value: number): unknown {
    if (token === '-0') return this.#options.lossless ? new PyFloat(value, token) : value
    if (Number.isSafeInteger(value)) return value
    if (token.length > MAX_INTEGER_DIGITS) throw unreadable(`An integer has over ${MAX_INTEGER_DIGITS} digits`)
    return BigInt(token)
  }

  #word(initial: string): unknown {
    const [word, value] = WORDS[initial]! // asked for with `hasOwn` before
    if (!this.#text.startsWith(word, this.#at)) throw this.#wrong()
    return typeof value === 'number' ? this.#extra(word, value) : this.#skip(word, value)
  }

  #extra(word: string, value: number): unknown {
    return this.#skip(word, this.#options.lossless ? new PyFloat(value, word) : value)
  }

  #skip(word: string, value: unknown): unknown {
    this.#at += word.length
    return value
  }

  #takes(character: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  #expect(character: string): void {
    if (!this.#takes(character)) throw this.#wrong()
  }

  #space(): void {
    if (this.#text.charCodeAt(this.#at) > 0x20) return
    SPACE.lastIndex = this.#at
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0
  }

  #wrong(): Error {
    return unreadable(this.#at < this.#text.length ? `Not JSON at ${this.#at}` : 'The JSON ends too early')
  }
}

/** Whether the object lists the keys as they came: number-like keys move to the front, repeated ones are one. */
function keepsOrder(object: object, entries: readonly (readonly [string, unknown])[]): boolean {
  const keys = Object.keys(object)
  return keys.length === entries.length && keys.every((key, index) => key === entries[index]?.[0])
}
