import type { ValueOf } from './chord-types.ts'
import type { ResultOf } from './group.ts'
import { joinedSteps } from './joined-steps.ts'
import { Signature, type AnySignature } from './signature.ts'

/**
 * Calls that run one after the other, each with the result of the one before in front of its arguments unless it is
 * immutable: `chain([add.s(1, 2), add.s(3)])`. A group with a step behind it is the header of a chord, the step its
 * body; a step behind a chord belongs to its body.
 */
export function chain<const Steps extends readonly [AnySignature, ...AnySignature[]]>(
  steps: Steps & ChainOf<Steps>,
): Signature<ResultOf<LastOf<Steps>>, MissingOf<Steps[0]>> {
  // A chain with options of its own, such as a countdown, cannot be part of another without losing them.
  if (steps.some(({ kind, options }: AnySignature) => kind === 'chain' && Object.keys(options).length > 0)) {
    throw new TypeError('Set options on the steps of an inner chain')
  }
  return new Signature({ task: 'celery.chain', kind: 'chain', tasks: joinedSteps(steps) })
}

/** The steps as they must be: each accepts the result of the one before. */
export type ChainOf<Steps extends readonly unknown[]> = Steps extends readonly [infer First, ...infer Rest]
  ? readonly [First, ...Following<ResultOf<First>, Rest>]
  : readonly AnySignature[]

type Following<Previous, Steps extends readonly unknown[]> = Steps extends readonly [infer Step, ...infer Rest]
  ? readonly [Signature<ResultOf<Step>, [ValueOf<Previous>]>, ...Following<ResultOf<Step>, Rest>]
  : Steps extends readonly []
    ? []
    : Steps

type LastOf<Steps extends readonly unknown[]> = Steps extends readonly [...unknown[], infer Last] ? Last : Steps[number]

type MissingOf<First> =
  First extends Signature<unknown, infer Missing> ? (Missing extends readonly unknown[] ? Missing : never) : never
