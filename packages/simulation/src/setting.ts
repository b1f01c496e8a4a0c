import type { Choices } from './choices.ts'
import type { Fault } from './faults.ts'
import type { Ability } from './held-backend.ts'
import type { Setting } from './simulation.ts'

const faultKinds: readonly Fault[] = ['crash before', 'crash after', 'answer lost', 'unavailable', 'pause']
const abilities: readonly Ability[] = ['bulk', 'clock', 'guard', 'presence']
const skewsMs = [0, 500, -500, 20_000, -20_000] as const

/** Picks what one simulation is like. The first of everything is the plainest. */
export function pickSetting(choices: Choices): Setting {
  const isFaulty = choices.chance(0.9)
  return {
    // Chords are listed by the hour.
    beginsMs: choices.of([0, 3_590_000]),
    strategy: choices.of(['uniform', 'sticky', 'priorities'] as const),
    haste: choices.of([0, 0.01, 0.05, 0.2]),
    faults: {
      kinds: isFaulty ? faultKinds.filter(() => choices.chance(0.6)) : [],
      probability: choices.of([0.02, 0.05, 0.1, 0.25]),
      budget: isFaulty ? choices.of([1, 2, 3, 5]) : 0,
    },
    broker: { duplicates: choices.of([0, 0.2, 0.5]), duplicateBudget: choices.of([1, 2, 3]) },
    lacks: new Set(abilities.filter(() => choices.chance(0.2))),
    skewsMs: choices.chance(0.3) ? [choices.of(skewsMs), choices.of(skewsMs), choices.of(skewsMs)] : [],
    results: {},
  }
}
