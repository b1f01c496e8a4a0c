import type { Case } from './case.ts'
import { abilities } from './cases/abilities.ts'
import { concurrency } from './cases/concurrency.ts'
import { errors } from './cases/errors.ts'
import { expiry } from './cases/expiry.ts'
import { guard } from './cases/guard.ts'
import { lifeCycle } from './cases/life-cycle.ts'
import { notifications } from './cases/notifications.ts'
import { reading } from './cases/reading.ts'
import { storing } from './cases/storing.ts'

/** Every case of the kit. A test compares this list with the files under `cases/`. */
export const cases: readonly Case[] = [
  ...reading,
  ...storing,
  ...expiry,
  ...concurrency,
  ...lifeCycle,
  ...errors,
  ...abilities,
  ...guard,
  ...notifications,
]
