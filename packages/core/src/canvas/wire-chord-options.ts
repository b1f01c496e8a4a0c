import { isRecord } from '../wire/unreadable.ts'
import { checkChordOptions, type ChordOptions, type ChordPolicy } from './chord-options.ts'
import type { AnySignature } from './signature.ts'

/** What a chord's signature says about how it runs. */
export function chordOptionsOf({ options }: AnySignature): ChordOptions {
  const wire = options['arpeggio_chord']
  if (!isRecord(wire)) return {}
  const { id, policy, results, deadline_seconds: deadlineSeconds } = wire
  return checkChordOptions(given({ id, policy: policyOf(policy), results, deadlineSeconds }))
}

/** The same as an option of the signature; none when there is nothing to say. */
export function wireChordOptions(options: ChordOptions): Readonly<Record<string, unknown>> {
  const { id, policy, results, deadlineSeconds } = options
  const wire = given({ id, policy: wirePolicy(policy), results, deadline_seconds: deadlineSeconds })
  return Object.keys(wire).length === 0 ? {} : { arpeggio_chord: wire }
}

function policyOf(policy: unknown): unknown {
  return isRecord(policy) ? { atLeast: policy['at_least'] } : policy
}

function wirePolicy(policy: ChordPolicy | undefined): unknown {
  return typeof policy === 'object' ? { at_least: policy.atLeast } : policy
}

function given(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null))
}
