import {
  type ChordRecord,
  encodeJson,
  freeze,
  type Part,
  type SignatureData,
  signatureFromData,
  taskIdsOf,
} from '@arpeggio/core'
import type { PeerHeader } from './peer-header.ts'

/** Nobody sets a deadline for a chord that a peer began. */
const noDeadlineMs = 100 * 365 * 86_400_000

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

interface Beginning {
  readonly header: PeerHeader
  readonly lifetimeSeconds: number
  readonly now: number
  readonly nonce: string
}

/** The record of a chord that a peer began, as the first part that returns here makes it. */
export function recordOf({ chord: id, body }: Part, { header, lifetimeSeconds, now, nonce }: Beginning): ChordRecord {
  if (body === undefined) throw new TypeError(`A part of chord ${id} does not name its body`)
  const size = header.taskIds.length
  return {
    id,
    state: 'sealed',
    rev: 0,
    nonce,
    writtenAt: now,
    createdAt: now,
    deadline: now + noDeadlineMs,
    lifetimeSeconds,
    size,
    sizes: [size],
    shape: header.shape,
    adds: {},
    fanOut: 32,
    body: encodeJson(body),
    bodyIds: taskIdsOf(freeze(signatureFromData(body)).root),
    policy: 'waitAll',
    results: 'value',
    attempt: 0,
  }
}
