import {
  type ChordRecord,
  encodeJson,
  freeze,
  type LedgerContext,
  type Part,
  signatureFromData,
  taskIdsOf,
} from '@arpeggio/core'
import type { Argument } from '../client.ts'
import { fieldsOf, type Mode } from './record-fields.ts'

/** Nobody sets a deadline for a chord that a peer began; it lives as long as parts come, as with Celery. */
const noDeadlineMs = 100 * 365 * 86_400_000

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
  const record = firstRecord(part, now(), lifetimeSeconds)
  return [Math.ceil(lifetimeSeconds), ...fieldsOf(record), 'nonce', record.nonce, ...Object.entries(fields).flat()]
}

function firstRecord({ chord: id, body }: Part, now: number, lifetimeSeconds: number): ChordRecord {
  if (body === undefined) throw new TypeError(`A part of chord ${id} does not name its body`)
  return {
    id,
    state: 'open',
    rev: 0,
    nonce: `begun.${now}`,
    writtenAt: now,
    createdAt: now,
    deadline: now + noDeadlineMs,
    lifetimeSeconds,
    size: 0,
    sizes: [0],
    adds: {},
    fanOut: 32,
    body: encodeJson(body),
    bodyIds: taskIdsOf(freeze(signatureFromData(body)).root),
    policy: 'waitAll',
    results: 'value',
    attempt: 0,
  }
}
