import type { Choices } from './choices.ts'
import type { Simulation, Violation } from './simulation.ts'
import { brief } from './brief.ts'
import { Choices as ChoiceList } from './choices.ts'

/** What one simulation is about. Everything that differs between two runs must come from the choices. */
export interface Workload {
  readonly name: string
  run(choices: Choices, onStep: ((line: string) => void) | undefined): Promise<Simulation>
}

export interface Outcome {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly taken: readonly number[]
  readonly steps: number
}

/** One simulation whose choices come from a seed. */
export function runSeed(workload: Workload, seed: number): Promise<Outcome> {
  return runChoices(workload, seed, ChoiceList.random(seed))
}

/** One simulation whose choices come from a list. */
export function runList(workload: Workload, seed: number, list: readonly number[]): Promise<Outcome> {
  return runChoices(workload, seed, ChoiceList.replay(seed, list))
}

/** What happened, line by line. */
export function traceOf(workload: Workload, seed: number, list: readonly number[]): Promise<readonly string[]> {
  return traceOfChoices(workload, ChoiceList.replay(seed, list))
}

/** What happened in a schedule that a search through all of them has found. */
export function traceOfExplored(workload: Workload, list: readonly number[]): Promise<readonly string[]> {
  const choices = ChoiceList.replay(1, list)
  choices.isKnown = () => false
  return traceOfChoices(workload, choices)
}

async function traceOfChoices(workload: Workload, choices: Choices): Promise<readonly string[]> {
  const lines: string[] = []
  await workload.run(choices, (line) => lines.push(brief(line)))
  return lines
}

async function runChoices(workload: Workload, seed: number, choices: Choices): Promise<Outcome> {
  const { violations, world } = await workload.run(choices, undefined)
  return { seed, violations, taken: choices.taken, steps: world.steps }
}
