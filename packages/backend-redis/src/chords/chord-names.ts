import { Keys } from '@arpeggio/core'

/** The keys of chords: Celery's, and ours beside them, so that they can be renamed and stand in one slot of a cluster. */
export class ChordNames {
  /** The chords that are not over. */
  readonly open: string
  /** The processes that look after those that only this library fires. */
  readonly sweepers: string
  readonly #prefix: string
  readonly #isTagged: boolean

  constructor(prefix: string, isTagged: boolean) {
    this.open = `${prefix}arpeggio-chord-open`
    this.sweepers = `${prefix}arpeggio-chord-sweepers`
    this.#prefix = prefix
    this.#isTagged = isTagged
  }

  /** Those that every script over a chord is given, in their order. */
  of(chord: string): readonly string[] {
    return this.#ending(chord, ['.j', '.f'])
  }

  /** Whatever there is of a chord but its record. */
  parts(chord: string): readonly string[] {
    return this.#ending(chord, ['.j', '.t', '.s', '.p', '.i'])
  }

  /** Where Celery keeps the structure of a header with groups in it. */
  group(chord: string): string {
    return this.#prefix + new Keys().group(chord)
  }

  #ending(chord: string, ends: readonly string[]): readonly string[] {
    const base = this.group(this.#isTagged ? `{${chord}}` : chord)
    return ends.map((end) => base + end)
  }
}
