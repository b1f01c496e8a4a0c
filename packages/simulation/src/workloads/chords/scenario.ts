import type { ChordPolicy } from '@arpeggio/core'
import type { Choices } from '../../choices.ts'

export type MemberKind = 'part' | 'ignored' | 'chain' | 'group' | 'chord' | 'chain ending in a chord'

type BodyKind = 'task' | 'chain' | 'group'

/** What a chord is made of, and what happens to it. The first of everything is the plainest. */
export interface Scenario {
  readonly members: readonly MemberKind[]
  readonly body: BodyKind
  readonly policy: ChordPolicy
  readonly results: 'value' | 'reference'
  readonly isStreamed: boolean
  readonly fanOut: number
  readonly deadlineSeconds: number
  /** How probable it is that a run of a part does anything but succeed. */
  readonly trouble: number
  readonly largeValues: number
  /** `local`: every process runs what it publishes, and what it holds ends with it. */
  readonly queue: 'durable' | 'local'
  readonly processes: number
  readonly capacity: number
  /** How many tasks each addition adds. */
  readonly adds: readonly number[]
  readonly isCancelled: boolean
  readonly isSealedAgain: boolean
  readonly sweeps: number
  /** Parts that start after the deadline, and sweeps all the time. */
  readonly isSlow: boolean
  /** So many steps are taken before nothing breaks any more. */
  readonly maxSteps: number
  readonly forgets: number
  readonly outages: number
  /** Whether whoever starts or adds something tries again until it is told that this happened. */
  readonly isPersistent: boolean
  /** Messages that are delivered once more when all is over. */
  readonly lateMessages: number
  readonly isAppliedAgain: boolean
}

export const plainScenario: Scenario = {
  members: ['part', 'part'],
  body: 'task',
  policy: 'waitAll',
  results: 'value',
  isStreamed: false,
  fanOut: 32,
  deadlineSeconds: 7_200,
  trouble: 0,
  largeValues: 0,
  queue: 'durable',
  processes: 1,
  capacity: 1,
  adds: [],
  isCancelled: false,
  isSealedAgain: false,
  sweeps: 0,
  isSlow: false,
  maxSteps: 500,
  forgets: 0,
  outages: 0,
  isPersistent: true,
  lateMessages: 0,
  isAppliedAgain: false,
}

const kinds: readonly MemberKind[] = ['part', 'ignored', 'chain', 'group', 'chord', 'chain ending in a chord']

export function pickScenario(choices: Choices): Scenario {
  const count = choices.of([2, 3, 1, 4, 5, 6, 0])
  const isMixed = choices.chance(0.3)
  const ignored = choices.of([0, 0.5])
  const kind = (): MemberKind => {
    if (choices.chance(ignored)) return 'ignored'
    return isMixed ? choices.of(kinds, { plain: 0.4 }) : 'part'
  }
  return {
    members: Array.from({ length: count }, kind),
    body: choices.of(['task', 'chain', 'group'], { plain: 0.7 }),
    policy: choices.of(['waitAll', 'failFast', 'collect', { atLeast: Math.ceil(count / 2) }], { plain: 0.3 }),
    results: choices.chance(0.25) ? 'reference' : 'value',
    isStreamed: choices.chance(0.2),
    fanOut: choices.of([32, 2, 3]),
    trouble: choices.of([0, 0.1, 0.4]),
    largeValues: choices.of([0, 0.5]),
    queue: choices.chance(0.25) ? 'local' : 'durable',
    processes: choices.of([1, 2, 3]),
    capacity: choices.of([1, 2]),
    adds: choices.chance(0.3) ? choices.of([[1], [2], [1, 1]]) : [],
    ...pickEvents(choices),
  }
}

type Events = Pick<
  Scenario,
  | 'isCancelled'
  | 'isSealedAgain'
  | 'sweeps'
  | 'isSlow'
  | 'deadlineSeconds'
  | 'maxSteps'
  | 'forgets'
  | 'outages'
  | 'isPersistent'
  | 'lateMessages'
  | 'isAppliedAgain'
>

function pickEvents(choices: Choices): Events {
  const isSlow = choices.chance(0.15)
  return {
    isSlow,
    deadlineSeconds: isSlow ? 60 : choices.of([7_200, 600, 60], { plain: 0.5 }),
    maxSteps: choices.of([500, 120, 60, 30]),
    isCancelled: choices.chance(0.05),
    isSealedAgain: choices.chance(0.05),
    sweeps: choices.of([0, 1, 2, 4]),
    forgets: choices.chance(0.15) ? 1 : 0,
    outages: choices.chance(0.15) ? 1 : 0,
    isPersistent: !choices.chance(0.15),
    lateMessages: choices.of([0, 1, 2], { plain: 0.5 }),
    isAppliedAgain: choices.chance(0.1),
  }
}
