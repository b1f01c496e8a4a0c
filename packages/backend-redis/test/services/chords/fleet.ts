import { randomUUID } from 'node:crypto'
import {
  decodeSignatureData,
  type Publisher,
  Results,
  type ResultsOptions,
  signatureData,
  type SignatureData,
  task,
  type TaskMessage,
  type TaskRequest,
} from '@arpeggio/core'
import { Redis } from 'ioredis'
import { RedisBackend } from '../../../src/index.ts'
import { CeleryPeer, type PeerOptions } from './celery-peer.ts'

/** Which side returns a part. */
export type Side = 'P' | 'T'

/** How a chord was fired: by whom, and what its body was called with. */
export interface Firing {
  readonly by: Side
  readonly args?: readonly unknown[]
  readonly error?: string
}

export interface FleetOptions extends PeerOptions {
  /** One that others use too, because it takes long to start. Default: one of its own. */
  readonly peer?: CeleryPeer
  /** Whether this side keeps parts in slot order. Default: true. */
  readonly isOrderedHere?: boolean
  readonly results?: Partial<ResultsOptions>
}

/** Celery's backend in a Python process and `Results` in this one, on one server. */
export class Fleet implements AsyncDisposable {
  readonly peer: CeleryPeer
  readonly redis: Redis
  readonly results: Results
  readonly published: TaskMessage[] = []
  readonly warnings: string[] = []
  readonly #url: string
  readonly #options: Partial<ResultsOptions>
  readonly #isOrdered: boolean
  readonly #isPeerOurs: boolean
  readonly #opened: Results[] = []

  private constructor(url: string, peer: CeleryPeer, options: FleetOptions) {
    const { results = {}, isOrderedHere = true } = options
    this.#isPeerOurs = options.peer === undefined
    this.#url = url
    this.#options = results
    this.#isOrdered = isOrderedHere
    this.peer = peer
    this.redis = new Redis(url)
    this.results = this.open()
  }

  static async start(url: string, options: FleetOptions = {}): Promise<Fleet> {
    return new Fleet(url, options.peer ?? (await CeleryPeer.start(url, options)), options)
  }

  /** Another process of ours. */
  open(options: Partial<ResultsOptions> = {}): Results {
    const publisher: Publisher = { durable: true, publish: async (messages) => void this.published.push(...messages) }
    const results = new Results({
      backend: new RedisBackend({ url: this.#url, chordOrdered: this.#isOrdered }),
      publisher,
      peers: 'celery',
      sweepSeconds: false,
      onWarning: (message) => void this.warnings.push(message),
      ...this.#options,
      ...options,
    })
    this.#opened.push(results)
    return results
  }

  /** Who fired, in any order. */
  async firings({ bodyId }: MixedChord): Promise<readonly Firing[]> {
    const told = await this.redis.lrange(`fired:${bodyId}`, 0, -1)
    const ours = this.published.filter(({ id }) => id === bodyId).map(({ args }) => ({ by: 'T' as const, args }))
    return [...told.map(firingOf), ...ours]
  }

  /** What is left of a chord, by the ends of its keys. */
  async left({ id }: MixedChord): Promise<readonly string[]> {
    const ends = ['.j', '.t', '.s', '.p', '.i']
    const there = await Promise.all(ends.map((end) => this.redis.exists(keyOf(id) + end)))
    return ends.filter((_, at) => there[at] === 1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((results) => results.close()))
    if (this.#isPeerOurs) await this.peer[Symbol.asyncDispose]()
    this.redis.disconnect()
  }
}

/** Written by the peer's script. */
function firingOf(line: string): Firing {
  const { args, error } = JSON.parse(line) as Omit<Firing, 'by'>
  return args === undefined ? { by: 'P', error: error ?? '' } : { by: 'P', args }
}

export function keyOf(chord: string): string {
  return `celery-taskset-meta-${chord}`
}

/** A chord whose parts both sides return, as Celery would have begun it. */
export class MixedChord {
  readonly id: string = randomUUID()
  readonly bodyId: string = randomUUID()
  readonly taskIds: readonly string[]
  readonly body: SignatureData
  readonly #fleet: Fleet

  constructor(fleet: Fleet, size: number) {
    this.#fleet = fleet
    this.taskIds = Array.from({ length: size }, () => randomUUID())
    this.body = signatureData({ task: 'body', options: { task_id: this.bodyId } })
  }

  /** Begun by us instead, under the same ids. */
  async apply(results: Results = this.#fleet.results): Promise<void> {
    const signature = task<(values: readonly unknown[]) => void>('body').s().set({ taskId: this.bodyId })
    await results.applyChord(this.id, this.taskIds, signature)
  }

  size(size: number = this.taskIds.length): Promise<void> {
    return this.#fleet.peer.do({ do: 'size', chord: this.id, size })
  }

  /** A part returns: on that side, with that value. */
  async part(side: Side, slot: number, value: unknown = slot, results: Results = this.#fleet.results): Promise<void> {
    const request = this.request(slot)
    if (side === 'T') await results.markAsDone(request.id, value, { request })
    else
      await this.#fleet.peer.do({
        do: 'part',
        chord: this.id,
        id: request.id,
        index: slot,
        body: this.body,
        result: value,
      })
  }

  async failure(side: Side, slot: number, error = 'boom'): Promise<void> {
    const request = this.request(slot)
    if (side === 'T') await this.#fleet.results.markAsFailure(request.id, valueError(error), { request })
    else await this.#fleet.peer.do({ do: 'part', chord: this.id, id: request.id, index: slot, body: this.body, error })
  }

  request(slot: number): TaskRequest {
    const id = this.taskIds[slot] ?? ''
    const body = decodeSignatureData(this.body)
    return { id, task: 'part', args: [], kwargs: {}, group: this.id, groupIndex: slot, chord: body }
  }
}

/** A chord that Celery began. */
export async function begin(fleet: Fleet, size: number): Promise<MixedChord> {
  const chord = new MixedChord(fleet, size)
  await chord.size()
  return chord
}

/** All that the chord came to, also where only a sweep finds it. */
export async function outcome(fleet: Fleet, chord: MixedChord): Promise<readonly unknown[]> {
  if ((await fleet.firings(chord)).length === 0) await fleet.results.chords.sweep()
  return (await fleet.firings(chord)).map(({ args, error }) => error ?? args)
}

function valueError(message: string): Error {
  const error = new Error(message)
  error.name = 'ValueError'
  return error
}

/** Every order of the numbers below `size`. */
export function orders(size: number): readonly (readonly number[])[] {
  if (size === 0) return [[]]
  return orders(size - 1).flatMap((order) =>
    Array.from({ length: size }, (_, at) => [...order.slice(0, at), size - 1, ...order.slice(at)]),
  )
}

/** Every way to give so many parts to the two sides. */
export function assignments(size: number): readonly (readonly Side[])[] {
  return Array.from({ length: 2 ** size }, (_, bits) =>
    Array.from({ length: size }, (__, slot): Side => (((bits >> slot) & 1) === 1 ? 'T' : 'P')),
  )
}
