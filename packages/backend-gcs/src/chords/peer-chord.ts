import type { ChordRecord, Part, SignatureData } from '@arpeggio/core'

/** Whether a part's message may carry a body of Celery's: in one of ours there is the number of parts. */
export function isPerhapsOfPeer({ body }: Part): boolean {
  return body !== undefined && sizeIn(body) === undefined
}

/** Whether the record is that of such a chord: nobody here has given it its size. */
export function isOfPeer({ state, sealedSize, why }: ChordRecord): boolean {
  return sealedSize === undefined && state !== 'open' && why !== 'never-sealed'
}

/** How many parts a chord has as its body says that they carry. */
export function sizeIn(body: SignatureData): number | undefined {
  const size: unknown = Reflect.get(body, 'chord_size')
  return typeof size === 'number' ? size : undefined
}
