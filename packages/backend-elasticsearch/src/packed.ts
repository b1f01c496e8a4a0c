/** Cuts a list of texts into ranges that take at most so many bytes in UTF-8, or one text alone. */
export function packed(texts: readonly string[], maxBytes: number): readonly (readonly [from: number, to: number])[] {
  const packs: [number, number][] = []
  let room = -1
  for (const [at, text] of texts.entries()) {
    const bytes = Buffer.byteLength(text)
    const last = packs.at(-1)
    room -= bytes
    if (last !== undefined && room >= 0) last[1] = at + 1
    else {
      packs.push([at, at + 1])
      room = maxBytes - bytes
    }
  }
  return packs
}
