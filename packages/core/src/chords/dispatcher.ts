import { BackendError } from '../backend/backend-error.ts'
import { freeze } from '../canvas/freeze.ts'
import type { Frozen } from '../canvas/frozen.ts'
import { signatureFromData } from '../canvas/signature-from-data.ts'
import { decodeException, encodeException } from '../wire/exceptions.ts'
import { decodeJson } from '../wire/json.ts'
import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'
import type { TaskMessage } from '../wire/task-request.ts'
import { callbackFailed, valuesLost } from './chord-failure.ts'
import type { ChordHost } from './chord-host.ts'
import type { ChordKeys } from './chord-keys.ts'
import type { ChordLedger, Claim } from './chord-ledger.ts'
import type { ChordRecord, Decision, Held, Lease, Reason } from './chord-record.ts'
import type { HeaderPages } from './header-pages.ts'
import { type Outcome, OutcomeReader } from './outcome-reader.ts'
import { RunningBodies } from './running-bodies.ts'
import type { StampedRecords } from './stamped-records.ts'
import type { StoreClock } from './store-clock.ts'

/** What was published under a record, and whose end that is. */
interface Published {
  readonly held: Held
  readonly awaited: readonly string[]
}

/** What all the work on chords shares. */
export interface ChordTools {
  readonly host: ChordHost
  readonly names: ChordKeys
  readonly clock: StoreClock
  readonly records: StampedRecords
  readonly ledger: ChordLedger
  readonly pages: HeaderPages
  /** Names this process in leases. */
  readonly owner: string
}

/**
 * Brings a chord from complete to done: claim, read, decide, publish, settle, bury. Each step but publishing is one
 * conditional write, so that whoever was overtaken stops at its next; publishing happens under fixed ids, so that doing
 * it again is the same.
 */
export class Dispatcher {
  readonly #tools: ChordTools
  readonly #outcomes: OutcomeReader
  readonly #bodies: RunningBodies

  constructor(tools: ChordTools) {
    this.#tools = tools
    this.#outcomes = new OutcomeReader(tools.ledger, tools.pages)
    this.#bodies = new RunningBodies(tools, (id, bodyId) => this.settled(id, bodyId))
  }

  /** Whether this process may take up chords at all. */
  get canPublish(): boolean {
    return this.#tools.host.publisher !== undefined
  }

  get #isDurable(): boolean {
    return this.#tools.host.publisher?.durable === true
  }

  /** Resolves to whether the claim was taken. A chord that changed since it was read is not claimed. */
  async claim(held: Held, why: Reason, reason?: string): Promise<boolean> {
    if (!this.canPublish) return false
    await this.#tools.clock.compare()
    const { attempt } = held.record
    const change = { state: 'dispatching', why, attempt: attempt + 1, lease: this.#lease() } as const
    const claimed = await this.#tools.records.replace(held, reason === undefined ? change : { ...change, reason })
    if (claimed === undefined) return false
    await this.dispatch(claimed)
    return true
  }

  /** What a part takes a chord with that it completes; nothing where nothing can be published. */
  async offer(): Promise<Claim | undefined> {
    if (!this.canPublish) return undefined
    await this.#tools.clock.compare()
    return this.#tools.records.claim(this.#lease())
  }

  /** Goes on where another, or an earlier attempt, has stopped. */
  async resume(held: Held): Promise<boolean> {
    const { why = 'complete', decision, deadline } = held.record
    const isOver = !decision && this.#tools.clock.now() > deadline + this.#tools.clock.toleranceMs
    return await this.claim(held, isOver && why === 'complete' ? 'deadline' : why)
  }

  /**
   * Cleans up when the body has ended, for a chord that waits for that. Resolves to whether the chord is over.
   * `ended` is a task of the body that has ended here, perhaps without leaving a result.
   */
  async settled(id: string, ended?: string): Promise<boolean> {
    for (;;) {
      const held = await this.#tools.records.get(id)
      if (held === undefined || held.record.state === 'done') {
        this.#bodies.forget(id)
        return true
      }
      if (held.record.state !== 'published' || !(await this.#hasEnded(held.record, ended))) return false
      // A lease may be renewed in between: then once more, or nobody ever does it.
      if (await this.#bury(held)) return true
    }
  }

  /**
   * Removes everything but a small tombstone, which keeps late parts from bringing the chord back. That what was awaited
   * has ended is written down first, or whoever finds half of it gone would take the rest for lost.
   */
  async #bury(found: Held): Promise<boolean> {
    const { host, ledger, pages, records } = this.#tools
    const { awaited, hasEnded } = found.record
    const isFirst = awaited !== undefined && hasEnded !== true
    const held = isFirst ? await records.replace(found, { hasEnded: true, lease: null }) : found
    if (held === undefined) return false
    const { record } = held
    // What came in after the decision may be large although nothing was before.
    await ledger.remove(record, record.decision?.large === true || record.why !== 'complete')
    await host.keys.delete(pages.keysOf(record))
    const change = { ...over, ...tombstone(record) }
    if ((await records.replace(held, change, host.settings.tombstoneSeconds)) === undefined) return false
    this.#bodies.forget(record.id)
    return true
  }

  messageEnded(message: TaskMessage): Promise<void> {
    return this.#bodies.ended(message)
  }

  /** A message is lost to this process: others may publish the body again at once. */
  messageLost(message: TaskMessage): Promise<void> {
    return this.#bodies.lost(message)
  }

  close(): Promise<void> {
    return this.#bodies.close()
  }

  /** Goes on with a chord that was just claimed. Rejects with nothing but `disposed`: the next sweep tries again. */
  async dispatch(claimed: Held): Promise<void> {
    let held = claimed
    try {
      const outcome = (await this.#outcomes.read(claimed.record)) ?? this.#lost(claimed.record)
      if (outcome === undefined) return await this.#tools.ledger.reopen?.(claimed)
      // Also when it is decided already: only who can still write may publish what it has read.
      const decided = await this.#tools.records.replace(claimed, { decision: outcome.decision })
      if (decided === undefined) return
      held = decided
      const published = await this.#publish(decided, outcome, claimed.record.decision != null)
      if (published !== undefined) await this.#settle(published)
    } catch (error) {
      await this.#troubled(held, error)
    }
  }

  /** What was decided can be published as long as its values are kept; after that the chord still has to end. */
  #lost(record: ChordRecord): Outcome | undefined {
    const { clock, host } = this.#tools
    const isOver = clock.now() > record.deadline + host.settings.tombstoneSeconds * 1_000
    return record.decision && isOver ? { decision: { kind: 'error', error: valuesLost(record) } } : undefined
  }

  /** Resolves to the record under which it was published. */
  async #publish(held: Held, outcome: Outcome, isRepeated: boolean): Promise<Published | undefined> {
    const { record } = held
    const body = decodeSignatureData(decodeJson(record.body))
    if (outcome.decision.kind === 'error') return await this.#publishError(held, body, outcome.decision)
    try {
      this.#bodies.starting(record.id, record.bodyIds)
      await this.#tools.host.start([freeze(signatureFromData(body), { args: [outcome.argument] })])
      return { held, awaited: record.bodyIds }
    } catch (error) {
      this.#bodies.forget(record.id)
      // What can never be published was not, unless an attempt with the same decision got further before.
      if (!isHopeless(error) || isRepeated) throw error
      return await this.#failInstead(held, body, error)
    }
  }

  async #failInstead(held: Held, body: SignatureData, error: unknown): Promise<Published | undefined> {
    const decision = { kind: 'error', error: callbackFailed(encodeException(error)) } as const
    const decided = await this.#tools.records.replace(held, { decision })
    return decided === undefined ? undefined : await this.#publishError(decided, body, decision)
  }

  async #publishError(
    held: Held,
    body: SignatureData,
    { error, cause }: Extract<Decision, { kind: 'error' }>,
  ): Promise<Published> {
    const { host } = this.#tools
    const { id } = held.record
    const failure = decodeException(error)
    const origin = cause && decodeException(cause.error, { taskId: cause.taskId })
    if (origin !== undefined) failure.cause = origin
    const errbacks = host.errbacks(id, body)
    const awaited = errbacks === undefined ? [] : startedBy(errbacks)
    if (awaited.length > 0) this.#bodies.starting(id, awaited)
    await host.failBody(body, { error: failure, errbacks, ...(origin === undefined ? {} : { cause: origin }) })
    return { held, awaited }
  }

  async #settle({ held, awaited }: Published): Promise<void> {
    const { records } = this.#tools
    const { decision, results } = held.record
    // Until what may have to be published again, or must read its header's results, has ended, everything stays.
    const isVolatile = awaited.length > 0 && !this.#isDurable
    const isReading = decision?.kind === 'body' && results === 'reference'
    const isWaiting = isVolatile || isReading
    const waiting = isWaiting ? { awaited } : {}
    const lease = isVolatile ? this.#lease() : null
    const settled = await records.replace(held, { state: 'published', lease, trouble: null, ...waiting })
    if (settled !== undefined) await this.#watch(settled)
  }

  async #watch(settled: Held): Promise<void> {
    const { awaited, lease } = settled.record
    if (awaited === undefined || this.#bodies.haveEnded(settled.record)) {
      // Another look only where somebody has written in between.
      if (!(await this.#bury(settled))) await this.settled(settled.record.id)
    } else if (lease) this.#bodies.hold(settled.record)
  }

  async #hasEnded(record: ChordRecord, ended: string | undefined): Promise<boolean> {
    const { awaited, hasEnded } = record
    if (awaited === undefined || hasEnded === true || this.#bodies.haveEnded(record)) return true
    const others = awaited.filter((id) => id !== ended)
    return (await this.#tools.host.endings(others)).every((ending) => ending !== undefined)
  }

  /** Gives the lease back, so that the next sweep tries again, and says why. */
  async #troubled(held: Held, error: unknown): Promise<void> {
    const { clock, host, owner, records } = this.#tools
    if (BackendError.is(error, 'disposed')) return
    const trouble = error instanceof Error ? error.message : String(error)
    host.warn(`the outcome of chord ${held.record.id} could not be published, which will be tried again: ${trouble}`)
    try {
      await records.replace(held, { trouble, lease: { owner, until: clock.now() } })
    } catch {
      // then the lease runs out by itself
    }
  }

  #lease(): Lease {
    const { clock, host, owner } = this.#tools
    return { owner, until: clock.now() + host.settings.leaseSeconds * 1_000 }
  }
}

const over = { state: 'done', body: '', adds: {}, sizes: [], awaited: [], shape: null, lease: null } as const

function startedBy({ messages, chords }: Frozen): readonly string[] {
  return [...messages.map(({ id }) => id), ...chords.flatMap(({ bodyIds }) => bodyIds)]
}

/** What stays of a decision: whether it was the body, or the error. */
function tombstone({ decision }: ChordRecord): Pick<ChordRecord, 'decision'> {
  return { decision: decision?.kind === 'error' ? decision : { kind: 'body' } }
}

function isHopeless(error: unknown): boolean {
  // A conflict: the body is a chord, and there is another with its id.
  return error instanceof TypeError || BackendError.is(error, 'conflict', 'too-large', 'unsupported')
}
