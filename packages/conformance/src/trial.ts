import { randomUUID } from 'node:crypto'
import type { Backend, Key } from '@arpeggio/core'
import { eventually } from './eventually.ts'
import type { AbilityName, Harness, Sharing } from './harness.ts'
import { dieHere, type KillJob } from './kill-job.ts'

/** A backend with these abilities. */
export type With<Ability extends AbilityName> = Backend & Required<Pick<Backend, Ability>>

/** What a case gets: a backend and keys of its own, and what the harness can do. The functions may be taken off it. */
export interface Trial<Ability extends AbilityName> {
  readonly backend: With<Ability>
  /** Begins every key of this run. */
  readonly prefix: string
  readonly key: (name: string) => Key
  readonly keys: (count: number) => readonly Key[]
  /** Another handle on the same store; the same one where the harness knows no other. */
  readonly another: () => Promise<With<Ability>>
  /** Does a job in a process that dies on the way, or in a handle that stops as one. */
  readonly die: (job: KillJob) => Promise<void>
  /** Loses the notifications of what `during` changes. */
  readonly gap: (during: () => Promise<void>) => Promise<void>
  /** Retries `probe` until it passes, as long as the harness has patience. */
  readonly eventually: (probe: () => void | Promise<void>) => Promise<void>
  readonly patienceMs: number
  /** For every process that has chords. */
  readonly sharing: Sharing
  /** How often to repeat what goes wrong by chance alone. */
  readonly rounds: number
  /** Passes `probe` once what expires in `seconds` is gone: at once after that with a clock to turn, else soon after. */
  readonly afterExpiry: (seconds: number, probe: () => void | Promise<void>) => Promise<void>
  /** Whether `advance` turns the store's clock. */
  readonly turnsClock: boolean
  /** Turns the clock where that is possible. */
  readonly advance: (seconds: number) => Promise<void>
}

const PATIENCE_MS = 10_000
const ROUNDS = 5

/** Runs `body` on a fresh backend of the harness and disposes that one, and every other handle asked for, afterwards. */
export async function withTrial(harness: Harness, body: (trial: Trial<AbilityName>) => Promise<void>): Promise<void> {
  const backend = (await harness.open()) as With<AbilityName> // a case touches the abilities alone that it needs
  const handles: AsyncDisposable[] = [backend]
  try {
    await body(trialOf(harness, backend, handles))
  } finally {
    for (const handle of handles.toReversed()) await handle[Symbol.asyncDispose]()
  }
}

function trialOf(harness: Harness, backend: With<AbilityName>, handles: AsyncDisposable[]): Trial<AbilityName> {
  const prefix = `kit-${randomUUID()}-`
  const { patienceMs = PATIENCE_MS, rounds = ROUNDS, sharing = {} } = harness
  const another = async (): Promise<With<AbilityName>> => {
    if (harness.openAnother === undefined) return backend
    const other = (await harness.openAnother(backend)) as With<AbilityName> // of the same class as the first
    handles.push(other)
    return other
  }
  return {
    backend,
    prefix,
    patienceMs,
    rounds,
    sharing,
    key: (name) => prefix + name,
    keys: (count) => Array.from({ length: count }, (_, index) => `${prefix}key-${index}`),
    another,
    die: async (job) => (harness.kill === undefined ? dieHere(await another(), job) : harness.kill(backend, job)),
    gap: async (during) => harness.gap?.(backend, during),
    eventually: (probe) => eventually(patienceMs, probe),
    turnsClock: harness.advance !== undefined,
    advance: async (seconds) => harness.advance?.(seconds),
    afterExpiry: async (seconds, probe) => {
      const goneAfterSeconds = seconds + backend.limits.expiryPrecisionSeconds
      if (harness.advance === undefined) return eventually(goneAfterSeconds * 1000 + patienceMs, probe)
      await harness.advance(goneAfterSeconds + 0.001)
      return probe()
    },
  }
}
