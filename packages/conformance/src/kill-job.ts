import { type Backend, chord, type Key, type Publisher, type Results, type TaskMessage, wrap } from '@arpeggio/core'
import { body, parts } from './chord-stage.ts'
import { resultsOver } from './documents.ts'
import type { Sharing } from './harness.ts'
import { ledgerAround } from './ledger-around.ts'

/** Where a process dies: right before or after something, the nth time that it does it. */
export interface KillPoint {
  readonly when: 'before' | 'after'
  readonly what: 'set' | 'delete' | 'publish'
  /** How the key begins, behind the prefix of the trial. Default: any key. */
  readonly key?: string
  /** Default: 1. */
  readonly nth?: number
}

/** What a process does until it dies. Plain data, because it travels to another process. */
export interface KillJob {
  readonly prefix: string
  readonly sharing: Sharing
  readonly point: KillPoint
  readonly act:
    | { readonly kind: 'finish'; readonly message: TaskMessage; readonly value: unknown }
    | { readonly kind: 'apply'; readonly chord: string; readonly count: number; readonly isStreamed: boolean }
    | { readonly kind: 'add'; readonly chord: string; readonly addId: string; readonly count: number }
    | { readonly kind: 'sweep' }
  /** Where the messages go that it publishes: keys that begin so, counted from 0. */
  readonly outbox: string
}

/** Does the job and calls `die` at its point, which never returns. Resolves when the point was not met. */
export async function performJob(backend: Backend, job: KillJob, die: () => Promise<never>): Promise<void> {
  const trap = new Trap(job, die)
  const results = resultsOver(trap.around(backend), job.prefix, {
    publisher: trap.publisher(backend),
    sweepSeconds: false,
    chordFanOut: 3,
    onWarning: () => undefined,
    ...job.sharing,
  })
  await perform(results, job.act)
}

async function perform(results: Results, act: KillJob['act']): Promise<void> {
  if (act.kind === 'sweep') await results.chords.sweep()
  else if (act.kind === 'add') await results.chords.add(act.chord, act.addId, parts(act.count))
  else if (act.kind === 'finish') await results.markAsDone(act.message.id, act.value, { request: act.message })
  else {
    const { chord: id, count, isStreamed } = act
    await results.apply(isStreamed ? chord(parts(count).values(), body, { id }) : chord(parts(count), body, { id }))
  }
}

/** Watches what a process does, and springs at the point. */
class Trap {
  readonly #job: KillJob
  readonly #die: () => Promise<never>
  #count = 0
  #published = 0

  constructor(job: KillJob, die: () => Promise<never>) {
    this.#job = job
    this.#die = die
  }

  around(backend: Backend): Backend {
    const { bulk, guard, chords } = backend
    return wrap(backend, {
      set: (write, options) => this.#step('set', [write.key], () => backend.set(write, options)),
      delete: (keys, options) => this.#step('delete', keys, () => backend.delete(keys, options)),
      ...(bulk && {
        bulk: {
          set: (writes, options) =>
            this.#step(
              'set',
              writes.map(({ key }) => key),
              () => bulk.set(writes, options),
            ),
        },
      }),
      ...(guard && {
        guard: { set: (write, options) => this.#step('set', [write.key], () => guard.set(write, options)) },
      }),
      ...(chords && { chords: ledgerAround(chords, (operation, keys, what) => this.#step(what, keys, operation)) }),
    })
  }

  publisher(backend: Backend): Publisher {
    const { prefix, outbox } = this.#job
    const publish = async (messages: readonly TaskMessage[]): Promise<void> => {
      for (const message of messages) {
        await backend.set({ key: `${prefix}${outbox}${this.#published++}`, value: JSON.stringify(message) })
      }
    }
    return { durable: true, publish: (messages) => this.#step('publish', [], () => publish(messages)) }
  }

  async #step<Answer>(
    what: KillPoint['what'],
    keys: readonly Key[],
    operation: () => Promise<Answer>,
  ): Promise<Answer> {
    const { prefix, point } = this.#job
    const { key = '', nth = 1, when } = point
    const isAbout = what === 'publish' || keys.some((each) => each.startsWith(prefix + key))
    const isHere = point.what === what && isAbout && ++this.#count === nth
    if (isHere && when === 'before') return await this.#die()
    const answer = await operation()
    return isHere ? await this.#die() : answer
  }
}

/** Does the job on a handle in this process, which from its point on does nothing any more. Resolves when it is "dead". */
export async function dieHere(backend: Backend, job: KillJob): Promise<void> {
  const death = Promise.withResolvers<void>()
  const die = (): Promise<never> => {
    death.resolve()
    return new Promise(() => undefined)
  }
  const survived = performJob(backend, job, die).then(() => Promise.reject(notMet(job)))
  await Promise.race([death.promise, survived])
}

export function notMet({ point }: KillJob): Error {
  return new Error(`the point was not met: ${JSON.stringify(point)}`)
}
