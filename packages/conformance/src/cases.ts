import type { Case } from './case.ts'
import { abilities } from './cases/abilities.ts'
import { chordCrashes } from './cases/chords-crashes.ts'
import { chordEndings } from './cases/chords-endings.ts'
import { chordFailures } from './cases/chords-failures.ts'
import { chordFaults } from './cases/chords-faults.ts'
import { chordQueues } from './cases/chords-queues.ts'
import { chordScale } from './cases/chords-scale.ts'
import { chordSealing } from './cases/chords-sealing.ts'
import { chordShapes } from './cases/chords-shapes.ts'
import { chordSlots } from './cases/chords-slots.ts'
import { concurrency } from './cases/concurrency.ts'
import { crowds } from './cases/crowds.ts'
import { errors } from './cases/errors.ts'
import { expiry } from './cases/expiry.ts'
import { groups } from './cases/groups.ts'
import { guard } from './cases/guard.ts'
import { lifeCycle } from './cases/life-cycle.ts'
import { notifications } from './cases/notifications.ts'
import { reading } from './cases/reading.ts'
import { statePrecedence } from './cases/state-precedence.ts'
import { storing } from './cases/storing.ts'
import { waiting } from './cases/waiting.ts'
import { wire } from './cases/wire.ts'

/** Every case of the kit. A test compares this list with the files under `cases/`. */
export const cases: readonly Case[] = [
  ...reading,
  ...storing,
  ...statePrecedence,
  ...expiry,
  ...groups,
  ...waiting,
  ...crowds,
  ...concurrency,
  ...lifeCycle,
  ...errors,
  ...wire,
  ...abilities,
  ...guard,
  ...notifications,
  ...chordSlots,
  ...chordEndings,
  ...chordFailures,
  ...chordCrashes,
  ...chordFaults,
  ...chordSealing,
  ...chordShapes,
  ...chordScale,
  ...chordQueues,
]
