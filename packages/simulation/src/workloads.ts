import type { Workload } from './workload.ts'
import { chords } from './workloads/chords/chords.ts'
import { precedence } from './workloads/precedence.ts'

/** By the name that the command line knows them by. */
export const workloads: ReadonlyMap<string, () => Workload> = new Map([
  ['chords', () => chords],
  ['precedence', () => precedence()],
])

export function workloadOf(name: string): Workload {
  const make = workloads.get(name)
  if (make === undefined) throw new TypeError(`no workload ${name}: known are ${[...workloads.keys()].join(', ')}`)
  return make()
}
