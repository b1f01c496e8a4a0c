import type { Key } from '../backend/value.ts'
import { keyPrefix } from '../wire/keys.ts'

/** The keys of chords. Ids are percent-encoded, so that no id can reach into the fields beside it. */
export class ChordKeys {
  readonly #prefix: string

  constructor(options: { readonly globalKeyprefix?: string | undefined } = {}) {
    this.#prefix = `${keyPrefix(options.globalKeyprefix ?? '')}arpeggio-chord-`
  }

  record(chord: string): Key {
    return `${this.#prefix}r:${encoded(chord)}`
  }

  /** The marker of a slot; it is there once the slot is filled. */
  marker(chord: string, slot: number): Key {
    return `${this.#prefix}m:${encoded(chord)}:0:${slot}`
  }

  /** The marker of a node, which names how many slots were below it: a node of a smaller chord is another node. */
  node(chord: string, { level, index, leaves }: NodePlace): Key {
    return `${this.#prefix}m:${encoded(chord)}:${level}:${index}:${leaves}`
  }

  /** The ids of a run of header tasks. */
  page(chord: string, page: string): Key {
    return `${this.#prefix}h:${encoded(chord)}:${encoded(page)}`
  }

  /** A value that is too large to ride in its marker. */
  value(chord: string, slot: number): Key {
    return `${this.#prefix}v:${encoded(chord)}:${slot}`
  }

  /** There once a part of a chord that fails fast has failed. */
  failed(chord: string): Key {
    return `${this.#prefix}f:${encoded(chord)}`
  }

  /** One entry of the list of all chords. */
  registry(hour: number, shard: number, index: number): Key {
    return `${this.#prefix}g:${hour}:${shard}:${index}`
  }
}

export interface NodePlace {
  /** 1 for the node right above slots. */
  readonly level: number
  readonly index: number
  readonly leaves: number
}

// What `encodeURIComponent` leaves as it is but a key of ours does not.
function encoded(id: string): string {
  if (id !== last.id) last = { id, encoded: encode(id) }
  return last.encoded
}

// Keys come in bunches of one chord.
let last = { id: '', encoded: '' }

function encode(id: string): string {
  return encodeURIComponent(id).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
