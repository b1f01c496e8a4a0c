import type { ChordPolicy } from '@arpeggio/core'

/** What may become of a part. `missing`: it never returns. */
export const partEnds = ['success', 'failure', 'revoked', 'ignored', 'missing'] as const
export type PartEnd = (typeof partEnds)[number]

export const policies: readonly ChordPolicy[] = ['waitAll', 'failFast', 'collect', { atLeast: 2 }]

/** `slots`: values under the policies that pass them, states under those that settle. */
export type ExpectedOutcome = { readonly kind: 'body'; readonly slots: readonly unknown[] } | { readonly kind: 'error' }

/** How a chord ends whose parts end so, at the latest at its deadline. */
export function expectedOutcome(ends: readonly PartEnd[], policy: ChordPolicy): ExpectedOutcome {
  if (policy === 'collect') return { kind: 'body', slots: ends.map(stateOf) }
  if (typeof policy === 'object') {
    const succeeded = ends.filter((end) => end === 'success' || end === 'ignored').length
    return succeeded >= policy.atLeast ? { kind: 'body', slots: ends.map(stateOf) } : { kind: 'error' }
  }
  if (ends.some((end) => end !== 'success' && end !== 'ignored')) return { kind: 'error' }
  return { kind: 'body', slots: ends.map((end) => (end === 'success' ? 'a value' : null)) }
}

function stateOf(end: PartEnd): string {
  if (end === 'missing') return 'PENDING'
  if (end === 'failure') return 'FAILURE'
  return end === 'revoked' ? 'REVOKED' : 'SUCCESS'
}
