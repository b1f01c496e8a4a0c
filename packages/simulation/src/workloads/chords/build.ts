import { chain, chord, group, type AnySignature, type Signature, type StreamedChord, type Task } from '@arpeggio/core'
import type { World } from '../../world.ts'
import type { MemberKind, Scenario } from './scenario.ts'
import type { TaskNames } from './tasks.ts'

type Tasks = Readonly<Record<TaskNames, Task<readonly unknown[], unknown>>>
/** Types are shown elsewhere: here everything is put together at run time. */
type Untyped = (...args: readonly unknown[]) => Signature

const untypedChord = chord as unknown as Untyped
const untypedChain = chain as unknown as Untyped

/** The chord that all of this is about. */
export const rootId = 'root'

export function chordOf(scenario: Scenario, tasks: Tasks, world: World): Signature | StreamedChord {
  const members = scenario.members.map((kind, at) => memberOf(kind, tasks, `m${at}`))
  const { policy, results, deadlineSeconds, isStreamed } = scenario
  const options = { id: rootId, policy, results, deadlineSeconds }
  const header = isStreamed ? slowly(members, world) : members
  return untypedChord(header, bodyOf(scenario, tasks), options)
}

export function addedTo(count: number, tasks: Tasks, name: string): readonly AnySignature[] {
  return Array.from({ length: count }, (_, at) => tasks.part.s(`${name}.${at}`))
}

function memberOf(kind: MemberKind, tasks: Tasks, label: string): AnySignature {
  const part = (name: string): AnySignature => tasks.part.s(`${label}${name}`)
  const inner = (): AnySignature => untypedChord([part('a'), part('b')], tasks.body.s())
  if (kind === 'ignored') return tasks.ignored.s(label)
  if (kind === 'chain') return untypedChain([part('a'), tasks.step.s(`${label}b`)])
  if (kind === 'group') return group([part('a'), part('b')])
  if (kind === 'chord') return inner()
  if (kind === 'chain ending in a chord') return untypedChain([tasks.part.si(`${label}0`), inner()])
  return part('')
}

function bodyOf({ body }: Scenario, tasks: Tasks): AnySignature {
  const task: AnySignature = tasks.body.s()
  if (body === 'chain') return untypedChain([task, tasks.step.s('after')])
  return body === 'group' ? group([task, tasks.body.s()]) : task
}

/** A header that is still being thought of while its first tasks run. */
async function* slowly(members: readonly AnySignature[], world: World): AsyncGenerator<AnySignature> {
  for (const member of members) {
    if (world.choices.chance(0.5)) await world.pause(30)
    yield member
  }
}
