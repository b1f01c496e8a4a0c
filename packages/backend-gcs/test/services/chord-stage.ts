import { type Publisher, Results, type ResultsOptions, type Task, task, type TaskMessage } from '@arpeggio/core'
import { firestore as startFirestore, gcs } from '@arpeggio/testing'
import { type CollectionReference, type DocumentReference, type Firestore, Timestamp } from '@google-cloud/firestore'
import { randomUUID } from 'node:crypto'
import { GcsBackend } from '../../src/index.ts'
import { Buckets, firestoreOverHttp } from './gcs-harness.ts'
import { type Fate, Interceptor, type Seen } from './interceptor.ts'

export const part: Task<[value: number], number> = task('part', (value: number) => value)
export const body: Task<[values: number[]], number> = task('body', (values: number[]) => values.length)

export const callback: Task<[id: string], null> = task('callback', (_id: string) => null)

/** Where chords are kept. */
export const shared = 'Firestore, shared with Celery'
export type Mode = 'objects alone' | 'Firestore' | typeof shared
export const modes: readonly Mode[] = ['objects alone', 'Firestore', shared]

/** Keeps every message for a test to deliver, to repeat, or to lose. */
export class Queue implements Publisher {
  readonly durable = true
  readonly messages: TaskMessage[] = []
  /** What publishing fails with, as long as there is something. */
  outage: Error | undefined

  async publish(messages: readonly TaskMessage[]): Promise<void> {
    if (this.outage !== undefined) throw this.outage
    this.messages.push(...messages)
  }

  partsOf(chord: string): readonly TaskMessage[] {
    const parts = this.messages.filter(({ group, groupIndex }) => group === chord && groupIndex !== undefined)
    return [...new Map(parts.map((message) => [message.groupIndex ?? 0, message]))]
      .toSorted(([a], [b]) => a - b)
      .map(([, message]) => message)
  }

  bodiesOf(chord: string): readonly TaskMessage[] {
    return this.messages.filter(({ bodyOf }) => bodyOf === chord)
  }
}

interface Kept {
  readonly mode: Mode
  readonly firestore?: Firestore
}

/** A bucket, Firestore where the mode wants it, interceptors before both, and any number of processes. */
export class Stage implements AsyncDisposable {
  readonly queue = new Queue()
  readonly interceptors: readonly Interceptor[]
  readonly #bucket: string
  readonly #firestore: Firestore | undefined
  readonly #mode: Mode
  readonly #opened: Results[] = []

  private constructor(bucket: string, interceptors: readonly Interceptor[], { mode, firestore }: Kept) {
    this.#bucket = bucket
    this.#mode = mode
    this.interceptors = interceptors
    this.#firestore = firestore
  }

  static async open(mode: Mode): Promise<Stage> {
    const { url } = await gcs()
    const bucket = await new Buckets(url).make()
    const objects = await Interceptor.open(url)
    if (mode === 'objects alone') return new Stage(bucket, [objects], { mode })
    const documents = await Interceptor.open(`http://${(await startFirestore()).url}`)
    const firestore = firestoreOverHttp(`test-${randomUUID()}`, documents.host)
    return new Stage(bucket, [objects, documents], { mode, firestore })
  }

  set fate(fate: (seen: Seen) => Fate) {
    for (const interceptor of this.interceptors) interceptor.fate = fate
  }

  /** What has taken effect in either service. */
  get applied(): readonly Seen[] {
    return this.interceptors.flatMap(({ applied }) => applied)
  }

  /** A document of Celery's collection. */
  document(id: string): DocumentReference {
    return this.#collection.doc(id)
  }

  /** What Celery's counter of a chord says; nothing where there is none. */
  async counted(chord: string): Promise<number | undefined> {
    if (this.#mode !== shared) return undefined
    return Number((await this.document(`chord-unlock-${chord}`).get()).get('chord_count') ?? 0)
  }

  /** The documents that would stay for ever. */
  async withoutExpiry(): Promise<readonly string[]> {
    const { docs } = await this.#collection.get()
    return docs.filter((each) => !(each.get('expires_at') instanceof Timestamp)).map(({ id }) => id)
  }

  get #collection(): CollectionReference {
    if (this.#firestore === undefined) throw new Error('there is no Firestore')
    return this.#firestore.collection('celery')
  }

  backend(): GcsBackend {
    const [objects] = this.interceptors
    const firestore = this.#firestore === undefined ? {} : { firestore: this.#firestore }
    return new GcsBackend({ bucket: this.#bucket, project: 'test', apiEndpoint: objects?.url ?? '', ...firestore })
  }

  /** A process that looks after chords only when it is told. */
  process(options: Partial<ResultsOptions> = {}): Results {
    const results = new Results({
      backend: this.backend(),
      publisher: this.queue,
      sweepSeconds: false,
      peers: this.#mode === shared ? 'celery' : 'none',
      onWarning: () => undefined,
      ...options,
    })
    this.#opened.push(results)
    return results
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fate = () => 'pass'
    for (const results of this.#opened) await results.close()
    await this.#firestore?.terminate()
    for (const interceptor of this.interceptors) await interceptor[Symbol.asyncDispose]()
  }
}
