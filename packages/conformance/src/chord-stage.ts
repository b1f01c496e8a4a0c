import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type {
  Backend,
  ChordLedger,
  LedgerContext,
  Publisher,
  Results,
  ResultsOptions,
  Scheduler,
  Signature,
  Task,
  TaskMessage,
} from '@arpeggio/core'
import { executeTask, task, wrap } from '@arpeggio/core'
import { resultsOver } from './documents.ts'
import type { KillJob, KillPoint } from './kill-job.ts'
import type { Trial } from './trial.ts'
import { textOf } from './values.ts'

/** A part of a chord. What it results in is up to the case. */
export const part: Task<[value: unknown], unknown> = task('kit.part', (value: unknown) => value)

/** A body that results in what it was called with. */
export const body: Task<[values: unknown], unknown> = task('kit.body', (values: unknown) => values)

export function parts(count: number): readonly Signature[] {
  return Array.from({ length: count }, (_, index) => part.s(index))
}

/** Keeps every message for the case to deliver, to lose or to repeat. Outlives the processes that publish into it. */
export class KitQueue implements Publisher {
  readonly durable: boolean
  readonly messages: TaskMessage[] = []
  /** What publishing fails with, as long as there is something. */
  outage: Error | undefined

  constructor(durable = true) {
    this.durable = durable
  }

  async publish(messages: readonly TaskMessage[]): Promise<void> {
    if (this.outage !== undefined) throw this.outage
    this.messages.push(...messages)
  }

  /** The messages of a chord's parts in slot order; of each only the first. */
  partsOf(chord: string): readonly TaskMessage[] {
    const found = new Map<number, TaskMessage>()
    for (const message of this.messages) {
      const { chord: stub, group, groupIndex = -1 } = message
      if (stub !== undefined && group === chord && !found.has(groupIndex)) found.set(groupIndex, message)
    }
    return [...found].toSorted(([a], [b]) => a - b).map(([, message]) => message)
  }

  /** Every message of a chord's body, however often it was published; not those of its error callbacks. */
  bodiesOf(chord: string): readonly TaskMessage[] {
    return this.messages.filter(({ bodyOf, task: name }) => bodyOf === chord && name === body.name)
  }
}

/** Real time, from which a case may skip some. */
class StageClock implements Scheduler {
  #skippedMs = 0

  skip(seconds: number): void {
    this.#skippedMs += seconds * 1000
  }

  now(): number {
    return performance.now() + this.#skippedMs
  }

  wallClock(): number {
    return Date.now() + this.#skippedMs
  }

  setTimeout(callback: () => void, milliseconds: number): unknown {
    return setTimeout(callback, milliseconds)
  }

  clearTimeout(handle: unknown): void {
    clearTimeout(handle as NodeJS.Timeout) // comes from the method above
  }

  unref(handle: unknown): void {
    const timer = handle as NodeJS.Timeout // comes from the method above
    timer.unref()
  }

  random(): number {
    return Math.random()
  }
}

export interface StageOptions {
  /** Whether messages outlive the process that publishes them. Default: true. */
  readonly durable?: boolean
  /** For every process of the stage. */
  readonly results?: Partial<ResultsOptions>
}

/** Where chords are played: a queue, a clock, and processes that do nothing which the case does not make them do. */
export class ChordStage implements AsyncDisposable {
  readonly queue: KitQueue
  /** How many messages have been run, by whoever runs them in their order. */
  taken = 0
  readonly #clock = new StageClock()
  readonly #trial: Trial<never>
  readonly #options: Partial<ResultsOptions>
  readonly #opened: Results[] = []
  #deaths = 0

  constructor(trial: Trial<never>, { durable = true, results = {} }: StageOptions = {}) {
    this.queue = new KitQueue(durable)
    this.#trial = trial
    this.#options = results
  }

  /** A process that looks after no chord unless told. Small chords have several levels of nodes. */
  open(backend: Backend = this.#trial.backend, options: Partial<ResultsOptions> = {}): Results {
    const results = resultsOver(backend, this.#trial.prefix, {
      publisher: this.queue,
      scheduler: this.#clock,
      sweepSeconds: false,
      chordFanOut: 3,
      pollCeilingMs: 20,
      onWarning: () => undefined,
      ...this.#trial.sharing,
      ...this.#options,
      ...options,
    })
    this.#opened.push(results)
    return results
  }

  /** Whether the store counts parts for these processes itself, and does not leave it to core. */
  countsParts(): boolean {
    const { backend } = this.#trial
    let counts = false
    const open = (context: LedgerContext): ChordLedger | undefined => {
      const ledger = backend.chords?.open(context)
      counts = ledger !== undefined
      return ledger
    }
    if (backend.chords !== undefined) this.open(wrap(backend, { chords: { open } }))
    return counts
  }

  /** A process on another handle. */
  async openAnother(options?: Partial<ResultsOptions>): Promise<Results> {
    return this.open(await this.#trial.another(), options)
  }

  /** Lets time pass, for the store as far as it can be told. */
  async pass(seconds: number): Promise<void> {
    const { backend, turnsClock, advance } = this.#trial
    if (backend.clock !== undefined && !turnsClock) await delay(seconds * 1000)
    await advance(seconds)
    this.#clock.skip(seconds)
  }

  /** Lets a deadline pass, and what a process allows for its clock on a store that has none. */
  passDeadline(seconds: number): Promise<void> {
    return this.pass(seconds + (this.#trial.backend.clock === undefined ? 61 : 0.01))
  }

  /** A process dies at the point. What it had published is in the queue. */
  async kill(point: KillPoint, act: KillJob['act']): Promise<void> {
    const { backend, prefix, sharing, die } = this.#trial
    const outbox = `outbox-${this.#deaths++}:`
    await die({ prefix, sharing, point, act, outbox })
    for (let at = 0; ; at++) {
      const stored = await backend.get(`${prefix}${outbox}${at}`)
      if (stored === undefined) return
      this.queue.messages.push(JSON.parse(textOf(stored) ?? '') as TaskMessage) // written by a job's publisher
    }
  }

  /** What a task has come to, for a process that does nothing to bring it about. */
  async outcome(id: string): Promise<unknown> {
    return this.open().result(id).get({ timeoutMs: this.#trial.patienceMs })
  }

  /** Runs the body as it was published last, and answers with what is then stored. */
  async playBody(results: Results, chord: string): Promise<unknown> {
    const message = this.queue.bodiesOf(chord).at(-1)
    assert.ok(message, `the body of ${chord} was published`)
    await executeTask(body, message, results)
    return results.result(message.id).get({ timeoutMs: this.#trial.patienceMs })
  }

  /** That the body was published so often, always under one id and with this argument. */
  assertBody(chord: string, argument: unknown, times = 1): void {
    const bodies = this.queue.bodiesOf(chord)
    assert.equal(bodies.length, times, `the body of ${chord} was published ${bodies.length} times`)
    for (const { id, args } of bodies) {
      assert.equal(id, bodies[0]?.id, 'one id, however often it is published')
      assert.deepEqual(args, [argument])
    }
  }

  assertNoBody(chord: string): void {
    assert.equal(this.queue.bodiesOf(chord).length, 0, `the body of ${chord} was not published`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const results of this.#opened) await results.close()
  }
}

/** Reports a part's success as a worker does. */
export async function succeed(results: Results, message: TaskMessage | undefined, value: unknown): Promise<void> {
  assert.ok(message, 'a message')
  await results.markAsDone(message.id, value, { request: message })
}

export async function fail(results: Results, message: TaskMessage | undefined, reason = 'broken'): Promise<void> {
  assert.ok(message, 'a message')
  await results.markAsFailure(message.id, new Error(reason), { request: message })
}

/** Every key of the trial, in order; none where the store cannot list them. */
export async function keysOf({ backend, prefix }: Trial<never>): Promise<readonly string[]> {
  const keys: string[] = []
  let cursor: string | undefined
  do {
    const page = await backend.scan?.keys(prefix, cursor === undefined ? {} : { cursor })
    keys.push(...(page?.keys ?? []))
    cursor = page?.cursor
  } while (cursor !== undefined)
  return [...new Set(keys)].toSorted()
}
