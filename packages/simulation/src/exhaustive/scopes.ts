import type { Bounds } from './explore.ts'
import type { Scenario } from '../workloads/chords/scenario.ts'

/** A small chord, and what may happen to it in every order. */
export interface Scope {
  readonly name: string
  readonly bounds: Bounds
  readonly scenario: Partial<Scenario>
  /** How often each part is delivered. Default: 1. */
  readonly deliveries?: number
  /** Parts that have run before. Default: 0. */
  readonly ranBefore?: number
  /** Whether starting the chord is part of what happens in every order. */
  readonly withStart?: boolean
  /** Whether the lease may run out at any point, and another process sweeps. */
  readonly withSweep?: boolean
  /** So many parts are added meanwhile. */
  readonly adding?: number
}

const preemptions = 3

export const scopes: readonly Scope[] = [
  { name: '3 parts × 1 crash', bounds: { preemptions, faults: 1 }, scenario: parts(3) },
  { name: '2 parts × 2 deliveries × 1 crash', bounds: { preemptions, faults: 1 }, scenario: parts(2), deliveries: 2 },
  {
    name: 'seal racing with parts',
    bounds: { preemptions, faults: 1 },
    scenario: { ...parts(2), isStreamed: true },
    withStart: true,
  },
  {
    name: 'growth racing with the last part',
    bounds: { preemptions, faults: 1 },
    scenario: parts(2),
    ranBefore: 1,
    adding: 1,
  },
  {
    name: 'growth racing with the last parts on two levels',
    bounds: { preemptions, faults: 0 },
    scenario: { ...parts(3), fanOut: 2 },
    ranBefore: 1,
    adding: 1,
  },
  {
    name: 'sweep racing with a slow claimant',
    bounds: { preemptions, faults: 0 },
    scenario: parts(2),
    ranBefore: 1,
    withSweep: true,
  },
  {
    name: 'seal racing with parts on two levels',
    bounds: { preemptions, faults: 0 },
    scenario: { ...parts(3), isStreamed: true, fanOut: 2 },
    withStart: true,
  },
  { name: 'two levels of markers', bounds: { preemptions, faults: 1 }, scenario: { ...parts(3), fanOut: 2 } },
]

function parts(count: number): Partial<Scenario> {
  return { members: Array.from({ length: count }, () => 'part' as const) }
}
