import { Choices, type Choice } from '../choices.ts'
import type { Violation } from '../simulation.ts'
import type { Workload } from '../workload.ts'

/** How far schedules may differ from the plain one, which never leaves a process that could go on, and in which nothing breaks. */
export interface Bounds {
  readonly preemptions: number
  readonly faults: number
}

export interface ExploreOptions {
  readonly bounds: Bounds
  /** So many schedules at most. */
  readonly limit: number
  readonly onProgress?: ((explored: Explored) => void) | undefined
}

export interface Explored {
  schedules: number
  /** Points that schedules went through; one that leads to a known point is left there. */
  points: number
  steps: number
  /** Whether every schedule within the bounds was followed. */
  isComplete: boolean
  found: { readonly violations: readonly Violation[]; readonly taken: readonly number[] } | undefined
}

const seed = 1

/** Follows every schedule within the bounds, depth first, by repeating the beginning of one and going another way. */
export async function explore(workload: Workload, options: ExploreOptions): Promise<Explored> {
  const { bounds, limit, onProgress } = options
  const explored: Explored = { schedules: 0, points: 0, steps: 0, isComplete: false, found: undefined }
  const known = new Map<string, number>()
  const beginnings: (readonly number[])[] = [[]]
  for (let next = beginnings.pop(); next !== undefined; next = beginnings.pop()) {
    if (explored.schedules >= limit) return explored
    const beginning = next
    const choices = Choices.replay(seed, beginning)
    choices.isKnown = (name) => choices.log.length >= beginning.length && isKnown(known, name, costOf(choices.log))
    const { violations, world } = await workload.run(choices, undefined)
    explored.schedules += 1
    explored.steps += world.steps
    explored.points = known.size
    if (violations.length > 0) return { ...explored, found: { violations, taken: choices.taken } }
    beginnings.push(...otherWays(choices.log, beginning.length, bounds))
    if (explored.schedules % 10_000 === 0) onProgress?.(explored)
  }
  return { ...explored, isComplete: true }
}

interface Cost {
  readonly preemptions: number
  readonly faults: number
}

/** A point that was reached with as many deviations left, or more, has been followed further than it would be now. */
function isKnown(known: Map<string, number>, name: number, { preemptions, faults }: Cost): boolean {
  const key = `${name} ${faults}`
  const before = known.get(key)
  if (before !== undefined && before <= preemptions) return true
  known.set(key, preemptions)
  return false
}

/** What else could have been done after the beginning, where everything was plain. */
function otherWays(log: readonly Choice[], from: number, bounds: Bounds): readonly (readonly number[])[] {
  const spent = costOf(log.slice(0, from))
  const affordable = {
    free: true,
    preempt: spent.preemptions < bounds.preemptions,
    fault: spent.faults < bounds.faults,
  }
  const taken = log.map((choice) => choice.taken)
  return log.slice(from).flatMap(({ kind, count }, offset) => {
    const beginning = taken.slice(0, from + offset)
    return affordable[kind] ? Array.from({ length: count - 1 }, (_, other) => [...beginning, other + 1]) : []
  })
}

function costOf(log: readonly Choice[]): Cost {
  let preemptions = 0
  let faults = 0
  for (const { kind, taken } of log) {
    if (taken === 0) continue
    if (kind === 'preempt') preemptions += 1
    else if (kind === 'fault') faults += 1
  }
  return { preemptions, faults }
}
