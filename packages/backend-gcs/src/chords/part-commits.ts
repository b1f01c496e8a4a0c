import { randomUUID } from 'node:crypto'
import { BackendError, type Key, type PartOutcome, type Write } from '@arpeggio/core'
import type { FirestoreClient, FirestoreSnapshot } from '../clients.ts'
import { commit } from '../commits.ts'
import { counterIn, countOf, type Counters } from '../counters.ts'
import { documentOf, type Documents, stateIn } from '../documents.ts'
import { firestoreError, grpc, hasGrpcCode } from '../errors.ts'
import { Patience } from '../patience.ts'

/** Fields of a marker beside its value: the commit that made it, and the task that it is about. */
const fields = { commit: 'commit', task: 'task' } as const
/** Together with its marker a part is one write, and some may carry a few kilobytes. */
const mostParts = 400
const rememberedLosses = 1_000

/** A part on its way. */
export interface Marked {
  readonly counter: Key
  readonly marker: Write
  readonly taskId: string
  /** Whether this part may take the chord that it completes. */
  readonly mayClaim: boolean
}

/** What became of it. `over`: there is no such counter, any more or at all. */
export interface Counted {
  readonly outcome: Exclude<PartOutcome, 'late' | 'unknown'> | 'over'
  /** What the counter says; told to one part of a commit, and to all when the chord was over. */
  readonly count?: number
  /** Whether the counter came to that with the commit of this very part. */
  readonly isOwn?: boolean
}

interface Waiting extends Marked, PromiseWithResolvers<Counted> {}

/** The parts of one chord that this process has not counted yet. */
interface Lane {
  readonly counter: Key
  waiting: Waiting[]
  patience: Patience
}

/**
 * Counts parts: a commit creates their markers and adds their number to the counter, so that none counts twice. There is one
 * commit of a process for each counter at a time, and what comes meanwhile goes together with the next, because a document
 * takes about one write a second.
 */
export class PartCommits {
  readonly #client: () => Promise<FirestoreClient>
  readonly #documents: Documents
  readonly #counters: Counters
  readonly #lifetimeSeconds: number
  readonly #lanes = new Map<Key, Lane>()
  /** Commits whose answers were lost: their markers say that they were made. */
  readonly #lost = new Set<string>()

  constructor(tools: PartCommitsTools) {
    this.#client = tools.client
    this.#documents = tools.documents
    this.#counters = tools.counters
    this.#lifetimeSeconds = tools.lifetimeSeconds
  }

  count(marked: Marked): Promise<Counted> {
    const waiting: Waiting = { ...marked, ...Promise.withResolvers<Counted>() }
    const lane = this.#lanes.get(marked.counter)
    if (lane === undefined) void this.#open(waiting)
    else lane.waiting.push(waiting)
    return waiting.promise
  }

  async #open(first: Waiting): Promise<void> {
    const { counter } = first
    const lane: Lane = { counter, waiting: [first], patience: new Patience() }
    this.#lanes.set(counter, lane)
    // Parts that end in the same moment need not wait for the first of them.
    await Promise.resolve()
    while (lane.waiting.length > 0) await this.#commit(lane, withoutRepeats(lane.waiting.splice(0, mostParts)))
    this.#lanes.delete(counter)
  }

  async #commit(lane: Lane, parts: readonly Waiting[]): Promise<void> {
    const nonce = randomUUID()
    try {
      const count = await this.#send(lane.counter, parts, nonce)
      const claimant = parts.find(({ mayClaim }) => mayClaim) ?? parts[0]
      for (const part of parts) {
        const isTold = part === claimant || countOf(count).isOver
        part.resolve(isTold ? { outcome: 'recorded', count, isOwn: true } : { outcome: 'recorded' })
      }
      lane.patience = new Patience()
    } catch (error) {
      await this.#recover(lane, parts, { error, nonce }).catch((failure: unknown) => reject(parts, failure))
    }
  }

  async #send(counter: Key, parts: readonly Waiting[], nonce: string): Promise<number> {
    const [client, counts] = await Promise.all([
      this.#client(),
      this.#counters.count(counter, parts.length, this.#lifetimeSeconds),
    ])
    const written = await commit(client, (batch) => {
      for (const { marker, taskId } of parts) {
        const { data } = this.#documents.contentOf(marker)
        batch.create(documentOf(client, marker.key), { ...data, [fields.commit]: nonce, [fields.task]: taskId })
      }
      counts(batch, client)
    })
    return written.at(-1)?.counts[0] ?? NaN
  }

  async #recover(lane: Lane, parts: readonly Waiting[], { error, nonce }: Failure): Promise<void> {
    if (hasGrpcCode(error, grpc.alreadyExists)) return await this.#split(lane, parts)
    if (hasGrpcCode(error, grpc.notFound)) for (const part of parts) part.resolve({ outcome: 'over' })
    else if (hasGrpcCode(error, grpc.aborted) && (await lane.patience.wait())) lane.waiting.unshift(...parts)
    else {
      const failure = firestoreError(error, 'write')
      if (!BackendError.is(failure, 'unavailable')) this.#remember(nonce)
      reject(parts, failure)
    }
  }

  /** Some of them have markers: those are dealt with, and the others go on without them. */
  async #split(lane: Lane, parts: readonly Waiting[]): Promise<void> {
    const found = await this.#documents.snapshots([...parts.map(({ marker }) => marker.key), lane.counter])
    const counter = found.at(-1)
    const others: Waiting[] = []
    for (const [at, part] of parts.entries()) {
      const marker = found[at]
      if (marker?.exists === true && counter !== undefined) part.resolve(this.#standing(part, marker, counter))
      else others.push(part)
    }
    lane.waiting.unshift(...others)
  }

  /**
   * What is known of a part that has a marker. Everything that a commit writes bears one time: where the counter bears that of
   * the marker, nobody has counted since, and it still is what that commit made of it.
   */
  #standing({ taskId }: Waiting, marker: FirestoreSnapshot, snapshot: FirestoreSnapshot): Counted {
    if (marker.get(fields.task) !== taskId) return { outcome: 'conflict' }
    const counter = counterIn(snapshot)
    const isLost = this.#lost.has(String(marker.get(fields.commit)))
    const outcome = isLost ? 'recorded' : 'duplicate'
    if (counter === undefined || marker.updateTime === undefined) return { outcome }
    const isOwn = isLost && counter.state === stateIn(marker.updateTime)
    return { outcome, count: counter.value, isOwn }
  }

  #remember(nonce: string): void {
    if (this.#lost.size >= rememberedLosses) this.#lost.clear()
    this.#lost.add(nonce)
  }
}

export interface PartCommitsTools {
  readonly client: () => Promise<FirestoreClient>
  readonly documents: Documents
  readonly counters: Counters
  /** How long markers live, and the counter after every part. */
  readonly lifetimeSeconds: number
}

interface Failure {
  readonly error: unknown
  /** Of the commit. */
  readonly nonce: string
}

/** A commit writes each marker once: the same part again hears what becomes of the first. */
function withoutRepeats(parts: readonly Waiting[]): readonly Waiting[] {
  const firsts = new Map<Key, Waiting>()
  for (const part of parts) {
    const first = firsts.get(part.marker.key)
    if (first === undefined) firsts.set(part.marker.key, part)
    else {
      const repeated = first.taskId === part.taskId ? 'duplicate' : 'conflict'
      first.promise.then(
        ({ outcome }) => part.resolve({ outcome: outcome === 'over' ? outcome : repeated }),
        part.reject,
      )
    }
  }
  return [...firsts.values()]
}

function reject(parts: readonly Waiting[], error: unknown): void {
  for (const part of parts) part.reject(error)
}
