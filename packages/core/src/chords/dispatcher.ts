import { BackendError } from '../backend/backend-error.ts'
import { freeze } from '../canvas/freeze.ts'
import { signatureFromData } from '../canvas/signature-from-data.ts'
import { decodeException, encodeException } from '../wire/exceptions.ts'
import { decodeJson } from '../wire/json.ts'
import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'
import type { TaskMessage } from '../wire/task-request.ts'
import { callbackFailed, valuesLost } from './chord-failure.ts'
import type { ChordHost } from './chord-host.ts'
import type { ChordKeys } from './chord-keys.ts'
import type { ChordRecord, Decision, Held, Lease, Reason } from './chord-record.ts'
import type { ChordRecords } from './chord-records.ts'
import type { HeaderPages } from './header-pages.ts'
import type { MarkerLedger } from './marker-ledger.ts'
import { type Outcome, OutcomeReader } from './outcome-reader.ts'
import { RunningBodies } from './running-bodies.ts'
import type { StoreClock } from './store-clock.ts'

/** What all the work on chords shares. */
export interface ChordTools {
  readonly host: ChordHost
  readonly names: ChordKeys
  readonly clock: StoreClock
  readonly records: ChordRecords
  readonly ledger: MarkerLedger
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
    await this.#dispatch(claimed)
    return true
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
    const held = await this.#tools.records.get(id)
    if (held === undefined || held.record.state === 'done') return true
    if (held.record.state !== 'published') return false
    if (!(await this.#hasEnded(held.record, ended))) return false
    await this.bury(held)
    return true
  }

  /** Removes everything but a small tombstone, which keeps late parts from bringing the chord back. */
  async bury(held: Held): Promise<void> {
    const { host, ledger, names, pages, records } = this.#tools
    const { record } = held
    await ledger.remove(record, record.decision?.large === true)
    await host.keys.delete([...pages.keysOf(record), names.failed(record.id)])
    const change = {
      state: 'done',
      body: '',
      adds: {},
      sizes: [],
      shape: null,
      lease: null,
      ...tombstone(record),
    } as const
    await records.replace(held, change, host.settings.tombstoneSeconds)
    this.#bodies.forget(record.id)
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

  async #dispatch(claimed: Held): Promise<void> {
    let held = claimed
    try {
      const outcome = (await this.#outcomes.read(claimed.record)) ?? this.#lost(claimed.record)
      if (outcome === undefined) return
      // Also when it is decided already: only who can still write may publish what it has read.
      const decided = await this.#tools.records.replace(claimed, { decision: outcome.decision })
      if (decided === undefined) return
      held = decided
      const published = await this.#publish(decided, outcome)
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
  async #publish(held: Held, outcome: Outcome): Promise<Held | undefined> {
    const { record } = held
    const body = decodeSignatureData(decodeJson(record.body))
    if (outcome.decision.kind === 'error') {
      await this.#publishError(record, body, outcome.decision)
      return held
    }
    try {
      this.#bodies.starting(record)
      await this.#tools.host.start([freeze(signatureFromData(body), { args: [outcome.argument] })])
      return held
    } catch (error) {
      this.#bodies.forget(record.id)
      // What can never be published was not; an attempt before this one may have got further.
      if (!isHopeless(error) || record.attempt > 1) throw error
      return await this.#failInstead(held, body, error)
    }
  }

  async #failInstead(held: Held, body: SignatureData, error: unknown): Promise<Held | undefined> {
    const decision = { kind: 'error', error: callbackFailed(encodeException(error)) } as const
    const decided = await this.#tools.records.replace(held, { decision })
    if (decided !== undefined) await this.#publishError(decided.record, body, decision)
    return decided
  }

  #publishError(
    { id }: ChordRecord,
    body: SignatureData,
    { error, cause }: Extract<Decision, { kind: 'error' }>,
  ): Promise<void> {
    const failure = decodeException(error)
    if (cause === undefined) return this.#tools.host.failBody(id, body, { error: failure })
    const origin = decodeException(cause.error, { taskId: cause.taskId })
    failure.cause = origin
    return this.#tools.host.failBody(id, body, { error: failure, cause: origin })
  }

  async #settle(held: Held): Promise<void> {
    const { records } = this.#tools
    const isBody = held.record.decision?.kind === 'body'
    const isVolatile = isBody && !this.#isDurable
    const lease = isVolatile ? this.#lease() : null
    const settled = await records.replace(held, { state: 'published', lease, trouble: null })
    if (settled === undefined) return
    // Until a body has ended that may have to be published or must read its header's results, everything stays.
    const isWaiting = isVolatile || (isBody && held.record.results === 'reference')
    if (!isWaiting || this.#bodies.haveEnded(settled.record)) await this.bury(settled)
    else if (isVolatile) this.#bodies.hold(settled.record)
  }

  async #hasEnded(record: ChordRecord, ended: string | undefined): Promise<boolean> {
    if (record.decision?.kind === 'error' || this.#bodies.haveEnded(record)) return true
    if (record.results === 'value' && !record.lease) return true
    const others = record.bodyIds.filter((id) => id !== ended)
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

/** What stays of a decision: whether it was the body, or the error. */
function tombstone({ decision }: ChordRecord): Pick<ChordRecord, 'decision'> {
  return { decision: decision?.kind === 'error' ? decision : { kind: 'body' } }
}

function isHopeless(error: unknown): boolean {
  return error instanceof TypeError || BackendError.is(error, 'too-large') || BackendError.is(error, 'unsupported')
}
