import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { Random } from './random.ts'

type Id = ReturnType<typeof crypto.randomUUID>

let next: (() => number) | undefined

/** From here on every random id of this thread comes from `random`, so that a seed gives the same trace to the letter. */
export function seedIds(random: Random): void {
  if (next === undefined) {
    crypto.randomUUID = seeded
    syncBuiltinESMExports()
  }
  next = random
}

function seeded(): Id {
  const digits = Array.from({ length: 4 }, () =>
    Math.floor((next?.() ?? 0) * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('')
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`
}
