import type { Workload } from './workload.ts'
import { chords, chordsOf } from './workloads/chords/chords.ts'
import { claims, latecomers } from './workloads/chords/focus.ts'
import { precedence } from './workloads/precedence.ts'

/** By the name that the command line knows them by. */
export const workloads: ReadonlyMap<string, () => Workload> = new Map([
  ['chords', () => chords],
  ['claims', () => chordsOf(claims)],
  ['latecomers', () => chordsOf(latecomers)],
  ['precedence', () => precedence()],
])

export function workloadOf(name: string): Workload {
  const make = workloads.get(name)
  if (make === undefined) throw new TypeError(`no workload ${name}: known are ${[...workloads.keys()].join(', ')}`)
  return make()
}
