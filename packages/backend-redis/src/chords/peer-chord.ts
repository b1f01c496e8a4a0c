import { type LedgerContext, type Part, peerChordRecord } from '@arpeggio/core'
import type { Argument } from '../client.ts'
import { fieldsOf, type Mode } from './record-fields.ts'

/** Whether a part's message carries a body of Celery's, and not only ours or a name for it: then a record must be there. */
export function isBegunByPeer({ chord, body }: Part): boolean {
  return body !== undefined && body.options['body_of'] !== chord
}

/** What the script of the first part of a chord that a peer began is given. */
export function beginning(part: Part, { settings, now }: LedgerContext): readonly Argument[] {
  const { peers, firing, lifetimeSeconds, expiresInSeconds, tombstoneSeconds } = settings
  // Who does not reckon with peers does not say that he is there to fire their chords.
  const mode: Mode = peers === 'celery' ? firing : 'shared'
  // Celery renews what it keeps of a chord at every part, and knows nothing of our record.
  const fields = { m: mode, foreign: 1, life: Math.ceil(expiresInSeconds), grave: Math.ceil(tombstoneSeconds) }
  const began = now()
  const record = peerChordRecord(part, { lifetimeSeconds, now: began, nonce: `begun.${began}` })
  return [Math.ceil(lifetimeSeconds), ...fieldsOf(record), 'nonce', record.nonce, ...Object.entries(fields).flat()]
}
