import type { Choices } from '../../choices.ts'
import { ChordOracle } from '../../oracle/chord-oracle.ts'
import { pickSetting } from '../../setting.ts'
import { Simulation, type Setting } from '../../simulation.ts'
import type { Workload } from '../../workload.ts'
import { chordOf } from './build.ts'
import { finish } from './finish.ts'
import type { Focus } from './focus.ts'
import { pickScenario, type Scenario } from './scenario.ts'
import { plan, Script, sweepAlways, sweepInPauses } from './script.ts'
import { tableOf, tasksOf } from './tasks.ts'

/** Chords of all kinds, started, run, swept and broken by a few processes. */
export const chords: Workload = chordsOf()

/** Chords, most of which have something in common. */
export function chordsOf(focus?: Focus): Workload {
  return { name: focus?.name ?? 'chords', run: (choices, onStep) => runChord(choices, onStep, focus) }
}

async function runChord(
  choices: Choices,
  onStep: ((line: string) => void) | undefined,
  focus: Focus | undefined,
): Promise<Simulation> {
  const scenario = { ...pickScenario(choices), ...focus?.scenario(choices) }
  const setting = { ...settingOf(choices, scenario), ...focus?.setting(choices) }
  const simulation = new Simulation(choices, setting, onStep)
  onStep?.(describe(scenario))
  const oracle = new ChordOracle(simulation)
  const tasks = tasksOf(simulation, oracle, scenario)
  const script = new Script(simulation, scenario, tableOf(tasks))
  const plot = { simulation, scenario, script, oracle }
  for (let count = 0; count < scenario.processes; count += 1) script.join()
  simulation.crashObservers.push(() => {
    if (simulation.members.length < 6) script.join()
  })
  const { world } = simulation
  plan(plot, () => chordOf(scenario, tasks, world), tasks)
  sweepInPauses(plot)
  if (scenario.isSlow) sweepAlways(plot)
  await world.run({ maxSteps: scenario.maxSteps, untilMs: world.now + 150_000 })
  await finish(plot, () => chordOf(scenario, tasks, world))
  return simulation
}

function settingOf(choices: Choices, scenario: Scenario): Setting {
  const setting = pickSetting(choices)
  const delays = scenario.isSlow ? { probability: 0.3, seconds: [40, 62, 70, 90, 100] } : undefined
  return { ...setting, broker: { ...setting.broker, delays }, results: resultsOf(scenario) }
}

/** Small limits, so that small chords meet them. */
export function resultsOf({ fanOut }: Scenario): Setting['results'] {
  return {
    chordFanOut: fanOut,
    chordInlineBytes: 200,
    maxDeadlineSeconds: 7_200,
    tombstoneSeconds: 7_200,
  }
}

function describe(scenario: Scenario): string {
  const plain = Object.entries(scenario).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  return plain.join(', ')
}
