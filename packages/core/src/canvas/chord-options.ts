/**
 * When a chord's body runs. `waitAll`: when all parts have succeeded, else it fails once all have returned, as in
 * Celery. `failFast`: it fails with the first failure. `collect`: it always runs, with settled entries.
 * `atLeast`: it runs with settled entries when at least so many have succeeded.
 */
export type ChordPolicy = 'waitAll' | 'failFast' | 'collect' | { readonly atLeast: number }

export interface ChordOptions {
  /** Applying the same chord with the same id again goes on where the first time ended. Default: a random UUID. */
  readonly id?: string
  /** Default: `waitAll`. */
  readonly policy?: ChordPolicy
  /** By reference, the body gets a `ChordResults` to read from instead of the values. Default: `value`. */
  readonly results?: 'value' | 'reference'
  /** When the chord ends, complete or not. Default: when results expire. */
  readonly deadlineSeconds?: number
}

/** The options, without those that say nothing. Throws a `TypeError` for what cannot be meant. */
export function checkChordOptions(options: ChordOptions): ChordOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof ChordOptions] : undefined // it is one of them
    if (rule === undefined) throw new TypeError(`A chord has no option ${name}`)
    if (!rule.test(value)) throw new TypeError(`The option ${name} of a chord must be ${rule.text}`)
  }
  return Object.fromEntries(given)
}

interface Rule {
  readonly text: string
  test(value: unknown): boolean
}

const RULES: Readonly<Record<keyof ChordOptions, Rule>> = {
  id: { text: 'text', test: (id) => typeof id === 'string' && id !== '' },
  policy: { text: "'waitAll', 'failFast', 'collect' or { atLeast: a whole number }", test: isPolicy },
  results: { text: "'value' or 'reference'", test: (results) => results === 'value' || results === 'reference' },
  deadlineSeconds: {
    text: 'a positive number',
    test: (seconds) => typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0,
  },
}

function isPolicy(policy: unknown): boolean {
  if (typeof policy === 'string') return ['waitAll', 'failFast', 'collect'].includes(policy)
  if (typeof policy !== 'object' || policy === null || !('atLeast' in policy)) return false
  return Number.isSafeInteger(policy.atLeast) && Number(policy.atLeast) >= 0
}
