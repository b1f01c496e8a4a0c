import type { Choices } from '../../choices.ts'
import type { Setting } from '../../simulation.ts'
import type { Scenario } from './scenario.ts'

/** A part of what can happen that deserves more than its share. */
export interface Focus {
  readonly name: string
  scenario(choices: Choices): Partial<Scenario>
  setting(choices: Choices): Partial<Setting>
}

/** Whoever claims is interrupted, and so is whoever takes over from him. */
export const claims: Focus = {
  name: 'claims',
  scenario: (choices) => ({
    results: 'value',
    queue: 'durable',
    processes: choices.of([1, 2]),
    sweeps: 4,
    trouble: 0,
    forgets: 0,
    isCancelled: false,
    isSealedAgain: false,
    isSlow: true,
    deadlineSeconds: 7_200,
    maxSteps: 500,
    isPersistent: true,
  }),
  setting: () => ({
    broker: { duplicates: 0.1, duplicateBudget: 1 },
    faults: { kinds: ['pause', 'crash before', 'unavailable'], probability: 0.01, budget: 4, heat: 25 },
  }),
}

/** Parts come after the deadline, while whoever goes by it is interrupted. */
export const latecomers: Focus = {
  name: 'latecomers',
  scenario: (choices) => ({
    policy: choices.of(['collect', { atLeast: 1 }, 'waitAll']),
    queue: 'durable',
    isSlow: true,
    deadlineSeconds: 60,
    maxSteps: 500,
    isCancelled: false,
    isSealedAgain: false,
  }),
  setting: () => ({
    faults: { kinds: ['crash before', 'pause', 'crash after'], probability: 0.005, budget: 3, heat: 50 },
  }),
}
