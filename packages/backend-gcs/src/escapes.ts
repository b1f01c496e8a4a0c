/** A control character that stands in front of what replaces another one. */
const mark = '\u0010'

/**
 * Replaces characters that a name cannot have. Different texts stay different, what was a prefix still is one, and all but the
 * strangest stay as they are.
 */
export class Escapes {
  readonly #letters: readonly (readonly [string, string])[]

  /** Each character with the letter that stands for it behind the mark. */
  constructor(letters: Readonly<Record<string, string>>) {
    this.#letters = Object.entries(letters)
  }

  escape(text: string): string {
    let escaped = text.replaceAll(mark, mark + mark)
    for (const [character, letter] of this.#letters) escaped = escaped.replaceAll(character, mark + letter)
    return escaped
  }

  unescape(text: string): string {
    const pieces = text.split(mark + mark).map((piece) => {
      let plain = piece
      for (const [character, letter] of this.#letters) plain = plain.replaceAll(mark + letter, character)
      return plain
    })
    return pieces.join(mark)
  }
}
