import { type ChordRecord, decodePeerHeader, type PeerHeader } from '@arpeggio/core'
import { type Reply, textOf } from '../client.ts'

/** Only of chords that a peer began: of ours the record says it. */
export function mayHaveHeader({ state, sealedSize }: ChordRecord): boolean {
  return state === 'dispatching' && sealedSize === undefined
}

/** What Celery keeps of a header with groups in it: which task comes where. Parts of one group have one slot in the count. */
export function headerOf(stored: Reply): PeerHeader | undefined {
  return stored === null ? undefined : decodePeerHeader(textOf(stored))
}
