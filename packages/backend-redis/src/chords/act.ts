import type { ChordRecord } from '@arpeggio/core'
import type { Argument } from '../client.ts'

/** What happens to the parts in the moment in which a record is written. */
type Act = '' | 'seal' | 'grow' | 'claim' | 'decide' | 'end'

export interface Writing {
  readonly act: Act
  /** What the act needs: the size, how many are added, or the reason of a claim. */
  readonly about?: string | number
  /** The nonce that the record must have; none when it must not be there. */
  readonly before: string
  readonly record: ChordRecord
  readonly expiresInSeconds: number
  /** Fields of ours that never change. */
  readonly own?: readonly Argument[]
}

/** What core is doing with a chord, told from the record as it was and as it shall be. */
export function actOf(before: ChordRecord, after: ChordRecord): Pick<Writing, 'act' | 'about'> {
  if (after.state === 'done') return { act: 'end' }
  if (before.state === 'open' || before.state === 'sealed') return actOnOpen(before, after)
  return { act: after.state === 'dispatching' && after.decision ? 'decide' : '' }
}

function actOnOpen(before: ChordRecord, after: ChordRecord): Pick<Writing, 'act' | 'about'> {
  if (after.state === 'dispatching') return { act: 'claim', about: after.why ?? 'complete' }
  if (before.state === 'open') return after.state === 'sealed' ? { act: 'seal', about: after.size } : { act: '' }
  return after.size > before.size ? { act: 'grow', about: after.size - before.size } : { act: '' }
}
