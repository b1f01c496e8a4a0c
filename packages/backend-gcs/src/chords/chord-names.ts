import { ChordKeys, type Key, Keys } from '@arpeggio/core'

/** Where what makes up a chord is kept: Celery's counter and its header, and our record. */
export class ChordNames {
  readonly #celery: Keys
  readonly #own: ChordKeys

  constructor(prefix: string) {
    this.#celery = new Keys({ globalKeyprefix: prefix })
    this.#own = new ChordKeys({ globalKeyprefix: prefix })
  }

  counter(chord: string): Key {
    return this.#celery.chord(chord)
  }

  header(chord: string): Key {
    return this.#celery.group(chord)
  }

  record(chord: string): Key {
    return this.#own.record(chord)
  }
}
