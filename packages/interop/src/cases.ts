import { failures } from './cases/failures.ts'
import { groups } from './cases/groups.ts'
import { settings } from './cases/settings.ts'
import { states } from './cases/states.ts'
import { values } from './cases/values.ts'
import { waiting } from './cases/waiting.ts'
import { workers } from './cases/workers.ts'
import type { InteropCase } from './interop-case.ts'

/** Everything that must hold where Celery and we share a store. */
export const cases: readonly InteropCase[] = [
  ...values,
  ...failures,
  ...states,
  ...waiting,
  ...groups,
  ...settings,
  ...workers,
]
