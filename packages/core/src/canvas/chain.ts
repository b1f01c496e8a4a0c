import type { ResultOf } from './group.ts'
import { Signature, type AnySignature } from './signature.ts'

/**
 * Calls that run one after the other, each with the result of the one before in front of its arguments unless it is
 * immutable: `chain([add.s(1, 2), add.s(3)])`. A group may only come last.
 */
export function chain<const Steps extends readonly [AnySignature, ...AnySignature[]]>(
  steps: Steps & ChainOf<Steps>,
): Signature<ResultOf<LastOf<Steps>>, MissingOf<Steps[0]>> {
  const tasks = steps.flatMap((step: AnySignature) => (isOpenChain(step) ? step.tasks : [step]))
  if (tasks.slice(0, -1).some((step) => step.kind === 'group')) {
    throw new TypeError('A group followed by a step is a chord, which a chain cannot hold: put the group last')
  }
  return new Signature({ task: 'celery.chain', kind: 'chain', tasks })
}

// A chain with options of its own, such as a countdown, cannot be spliced into another without losing them.
function isOpenChain(step: AnySignature): boolean {
  if (step.kind !== 'chain') return false
  if (Object.keys(step.options).length > 0) throw new TypeError('Set options on the steps of an inner chain')
  return true
}

/** The steps as they must be: each accepts the result of the one before. */
export type ChainOf<Steps extends readonly unknown[]> = Steps extends readonly [infer First, ...infer Rest]
  ? readonly [First, ...Following<ResultOf<First>, Rest>]
  : readonly AnySignature[]

type Following<Previous, Steps extends readonly unknown[]> = Steps extends readonly [infer Step, ...infer Rest]
  ? readonly [Signature<ResultOf<Step>, [Previous]>, ...Following<ResultOf<Step>, Rest>]
  : Steps extends readonly []
    ? []
    : Steps

type LastOf<Steps extends readonly unknown[]> = Steps extends readonly [...unknown[], infer Last] ? Last : Steps[number]

type MissingOf<First> =
  First extends Signature<unknown, infer Missing> ? (Missing extends readonly unknown[] ? Missing : never) : never
