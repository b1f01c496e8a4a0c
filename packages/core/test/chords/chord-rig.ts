import { type Backend, chord, type Publisher, Results, task, type TaskMessage, wrap } from '../../src/index.ts'
import type { ResultsOptions } from '../../src/results/settings.ts'
import { MapBackend } from '../map-backend.ts'
import { VirtualTime } from '../waiting/virtual-time.ts'

export const part = task('part', (value: unknown) => value)
export const body = task('body', (values: readonly unknown[]) => values)
export const told = task<(id: string, why?: string) => void>('told')

/** One call to the store, as a test sees it. */
export interface StoreCall {
  readonly name: string
  readonly keys: readonly string[]
  /** Everything that is written. */
  readonly value?: string
}

export type Watch = (call: StoreCall) => void | Promise<void>

/** Messages that outlive every process. */
export class Broker implements Publisher {
  readonly durable: boolean
  readonly messages: TaskMessage[] = []
  /** Thrown instead of taking messages, as long as it is there. */
  failure: ((messages: readonly TaskMessage[]) => Error | undefined) | undefined

  constructor(options: { readonly durable?: boolean } = {}) {
    this.durable = options.durable ?? true
  }

  async publish(messages: readonly TaskMessage[]): Promise<void> {
    const error = this.failure?.(messages)
    if (error !== undefined) throw error
    this.messages.push(...messages)
  }

  /** Everything that was published since this was last asked. */
  take(): readonly TaskMessage[] {
    return this.messages.splice(0)
  }
}

export interface ProcessOptions extends Omit<Partial<ResultsOptions>, 'backend' | 'scheduler'> {
  /** Whether the store can tell the time. Default: true. */
  readonly clock?: boolean
}

/** One store and its time, and as many processes on it as a test needs. Nobody sweeps unless told to. */
export class ChordRig {
  readonly time = new VirtualTime()
  readonly map: MapBackend = new MapBackend({ now: () => this.time.wallClock() })
  readonly broker = new Broker()
  readonly warnings: string[] = []

  process(options: ProcessOptions = {}): Process {
    return new Process(this, options)
  }

  /** A process that cannot publish. */
  observer(options: ProcessOptions = {}): Process {
    return this.process({ ...options, publisher: undefined })
  }

  /** The keys of chords that are there, without the prefix they share. */
  get keys(): readonly string[] {
    return [...this.map.entries]
      .filter(([, { expiresAt }]) => expiresAt === undefined || expiresAt.getTime() > this.time.wallClock())
      .flatMap(([key]) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))
      .toSorted()
  }

  /** Everything but the list of all chords. */
  keysOf(chordId: string): readonly string[] {
    return this.keys.filter((key) => key.split(':')[1] === chordId)
  }
}

const prefix = 'arpeggio-chord-'

/** A process on the store of a rig, which can be watched and killed. */
export class Process {
  readonly results: Results
  readonly #rig: ChordRig
  #isDead = false
  /** Called before every call to the store. */
  before: Watch | undefined
  /** Called after every call to the store, before it is answered. */
  after: Watch | undefined

  constructor(rig: ChordRig, { clock = true, ...options }: ProcessOptions) {
    this.#rig = rig
    this.results = new Results({
      publisher: rig.broker,
      sweepSeconds: false,
      onWarning: (message) => void rig.warnings.push(message),
      ...options,
      backend: this.#backend(clock),
      scheduler: {
        now: () => rig.time.now(),
        wallClock: () => rig.time.wallClock(),
        random: () => rig.time.random(),
        clearTimeout: (handle) => rig.time.clearTimeout(handle),
        setTimeout: (callback, ms) => rig.time.setTimeout(() => this.#isDead || callback(), ms),
      },
    })
  }

  /** Nothing of the process happens any more, and nobody is told. */
  kill(): void {
    this.#isDead = true
  }

  /** Dies instead of the first call that is meant. */
  dieBefore(isMeant: (call: StoreCall) => boolean): void {
    this.before = (call) => void (isMeant(call) && this.kill())
  }

  /** Dies when the first call that is meant has been done. */
  dieAfter(isMeant: (call: StoreCall) => boolean): void {
    this.after = (call) => void (isMeant(call) && this.kill())
  }

  /** A part ends well. */
  async succeed(message: TaskMessage | undefined, result: unknown): Promise<void> {
    if (message === undefined) throw new Error('there is no such message')
    await this.results.markAsDone(message.id, result, { request: message })
  }

  async fail(message: TaskMessage | undefined, error: unknown = new RangeError('boom')): Promise<void> {
    if (message === undefined) throw new Error('there is no such message')
    await this.results.markAsFailure(message.id, error, { request: message })
  }

  #backend(clock: boolean): Backend {
    const { map, time } = this.#rig
    return wrap(map, {
      notifications: undefined,
      clock: clock ? { now: async () => new Date(time.wallClock()) } : undefined,
      get: (key) => this.#call({ name: 'get', keys: [key] }, () => map.get(key)),
      mget: (keys) => this.#call({ name: 'mget', keys }, () => map.mget(keys)),
      set: (write) => this.#call({ name: 'set', keys: [write.key], value: String(write.value) }, () => map.set(write)),
      delete: (keys) => this.#call({ name: 'delete', keys }, () => map.delete(keys)),
      presence: { exists: (keys) => this.#call({ name: 'exists', keys }, () => map.presence.exists(keys)) },
      bulk: {
        set: (writes) =>
          this.#call(
            {
              name: 'bulk',
              keys: writes.map(({ key }) => key),
              value: writes.map(({ value }) => String(value)).join(),
            },
            () => map.bulk.set(writes),
          ),
      },
      guard: {
        set: (write) =>
          this.#call({ name: 'guard', keys: [write.key], value: String(write.value) }, () => map.guard.set(write)),
      },
      [Symbol.asyncDispose]: async () => undefined,
    })
  }

  async #call<T>(call: StoreCall, operation: () => Promise<T>): Promise<T> {
    await this.before?.(call)
    if (this.#isDead) return await new Promise<never>(() => undefined)
    const answer = await operation()
    await this.after?.(call)
    if (this.#isDead) return await new Promise<never>(() => undefined)
    return answer
  }
}

/** Whether a call writes a chord's record in this state. */
export function writesState(state: string): (call: StoreCall) => boolean {
  return ({ name, keys, value }) =>
    (name === 'set' || name === 'bulk') &&
    keys.some((key) => key.startsWith(`${prefix}r:`)) &&
    value?.includes(`"state":"${state}"`) === true
}

export function touches(field: string): (call: StoreCall) => boolean {
  return ({ keys }) => keys.some((key) => key.startsWith(`${prefix}${field}:`))
}

/** A chord of parts that are told apart by their numbers. */
export function numbered(count: number, id = 'c'): ReturnType<typeof numberedChord> {
  return numberedChord(count, id)
}

function numberedChord(count: number, id: string) {
  return chord(
    Array.from({ length: count }, (_, at) => part.s(at)),
    body,
    { id },
  )
}

/** What bodies were called with, in the order of publishing. */
export function calls(messages: readonly TaskMessage[], name = 'body'): readonly unknown[] {
  return messages.filter((message) => message.task === name).map(({ args }) => args[0])
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

/** A source that yields these and then nothing more, for ever. */
export async function* stuck<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items
  await new Promise(() => undefined)
}
