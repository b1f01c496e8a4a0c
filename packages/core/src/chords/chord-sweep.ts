import { BackendError } from '../backend/backend-error.ts'
import type { ChordParts } from './chord-parts.ts'
import type { LedgerReader } from './chord-ledger.ts'
import type { ChordTools, Dispatcher } from './dispatcher.ts'
import type { Held } from './chord-record.ts'
import { batches } from '../store/batches.ts'

/** What one sweep did. */
export interface SweepReport {
  /** Chords that are not over. */
  readonly open: number
  /** Parts that had ended but were not in their slots. */
  readonly recorded: number
  /** Chords whose outcome was taken up. */
  readonly resumed: number
  /** Chords that could not be brought on; the first time a warning says why. */
  readonly failed: number
}

/** A chord that this process knows of and that is not over. */
interface Known {
  readonly since: number
  /** When its slots are looked at again: the more are empty, the later. */
  nextLook: number
  /** Whether it was said that it cannot be brought on. */
  isReported?: boolean
}

/** How long an entry without a record may still get one. */
const graceMs = 120_000
const longestPauseMs = 600_000
const pageIds = 1_000

/** Brings on what nobody else does any more: looks, recorded endings, expired leases, deadlines. Any number at once. */
export class ChordSweep {
  readonly #tools: ChordTools
  readonly #parts: ChordParts
  readonly #dispatcher: Dispatcher
  readonly #reader: LedgerReader
  readonly #known = new Map<string, Known>()
  #timer: unknown
  #running: Promise<SweepReport> | undefined
  #isClosed = false

  constructor(tools: ChordTools, parts: ChordParts, dispatcher: Dispatcher) {
    this.#tools = tools
    this.#parts = parts
    this.#dispatcher = dispatcher
    this.#reader = tools.ledger.reader()
  }

  /** Sweeps now and then from now on, without keeping the process alive. */
  start(): void {
    const { host } = this.#tools
    const { sweepSeconds } = host.settings
    if (sweepSeconds === false || this.#isClosed) return
    const pauseMs = sweepSeconds * 1_000 * (0.75 + host.scheduler.random() / 2)
    this.#timer = host.scheduler.setTimeout(() => void this.#tick(), pauseMs)
    host.scheduler.unref?.(this.#timer)
  }

  /** One sweep. A second call joins the one that is under way. */
  run(): Promise<SweepReport> {
    this.#running ??= this.#sweep().finally(() => (this.#running = undefined))
    return this.#running
  }

  /** A sweep over one chord, whether it is due or not. Resolves to whether it was over. */
  async bringOn(id: string): Promise<boolean> {
    await this.#tools.clock.compare()
    const now = this.#tools.clock.now()
    const held = await this.#tools.records.get(id)
    return await this.#isOver(held, { since: now, nextLook: now }, { recorded: 0, resumed: 0, failed: 0 })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#tools.host.scheduler.clearTimeout(this.#timer)
    await this.#running?.catch(() => undefined)
  }

  async #tick(): Promise<void> {
    try {
      await this.run()
    } catch (error) {
      if (!this.#isClosed)
        this.#tools.host.warn(`a sweep over the chords failed, the next one goes on: ${String(error)}`)
    }
    this.start()
  }

  async #sweep(): Promise<SweepReport> {
    const { clock, records } = this.#tools
    await clock.compare()
    const now = clock.now()
    for (const id of await this.#reader.poll()) {
      if (!this.#known.has(id)) this.#known.set(id, { since: now, nextLook: now })
    }
    const report = { recorded: 0, resumed: 0, failed: 0 }
    for (const ids of batches([...this.#known.keys()], pageIds)) {
      // Reads of one tick travel together, and each has an answer of its own.
      const found = await Promise.allSettled(ids.map((id) => records.get(id)))
      const [first] = found
      if (first?.status === 'rejected' && found.every(({ status }) => status === 'rejected')) throw first.reason
      for (const [at, id] of ids.entries()) await this.#visit(id, found[at], report)
    }
    return { open: this.#known.size, ...report }
  }

  /** One chord that cannot be brought on must not hold up the others. */
  async #visit(id: string, found: PromiseSettledResult<Held | undefined> | undefined, report: Progress): Promise<void> {
    const known = this.#known.get(id)
    if (known === undefined || found === undefined || this.#isClosed) return
    try {
      if (found.status === 'rejected') throw found.reason
      if (await this.#isOver(found.value, known, report)) this.#known.delete(id)
    } catch (error) {
      if (BackendError.is(error, 'disposed')) throw error
      report.failed += 1
      if (!known.isReported) this.#tools.host.warn(`chord ${id} cannot be brought on: ${String(error)}`)
      known.isReported = true
    }
  }

  async #isOver(held: Held | undefined, known: Known, report: Progress): Promise<boolean> {
    const now = this.#tools.clock.now()
    if (held === undefined) return now - known.since > graceMs
    const { state, lease, id } = held.record
    if (state === 'done') return true
    if (state === 'published' && (await this.#dispatcher.settled(id))) return true
    if (state === 'published' || state === 'dispatching') {
      if (lease && lease.until <= now && (await this.#dispatcher.resume(held))) report.resumed += 1
    } else await this.#advance(held, known, report)
    return false
  }

  /** Nobody has claimed it: look, make up for lost parts, and only then go by the clock. */
  async #advance(held: Held, known: Known, report: Progress): Promise<void> {
    const { clock } = this.#tools
    const isLate = clock.now() > held.record.deadline + clock.toleranceMs
    if (held.record.state === 'sealed' && (isLate || clock.now() >= known.nextLook)) {
      const look = await this.#parts.drive(held)
      if (look === undefined) return
      const recorded = await this.#recordEnded(held, look.missing)
      report.recorded += recorded
      known.nextLook = clock.now() + Math.min(look.missing.length - recorded, longestPauseMs)
    }
    if (isLate && (await this.#isEndedByDeadline(held.record.id))) report.resumed += 1
  }

  /** Judges by what is there now: the last part may have come meanwhile. */
  async #isEndedByDeadline(id: string): Promise<boolean> {
    const held = await this.#tools.records.get(id)
    if (held?.record.state === 'open') return await this.#dispatcher.claim(held, 'never-sealed')
    return held?.record.state === 'sealed' && (await this.#dispatcher.claim(held, 'deadline'))
  }

  /** Fills the slots of tasks that have ended without telling: whoever ran them died in between. */
  async #recordEnded({ record }: Held, missing: readonly number[]): Promise<number> {
    const ids = await this.#tools.pages.ids(record)
    let recorded = 0
    for (const slots of batches(
      missing.filter((slot) => ids[slot] !== undefined),
      pageIds,
    )) {
      const endings = await this.#tools.host.endings(slots.map((slot) => ids[slot] ?? ''))
      for (const [at, slot] of slots.entries()) {
        const entry = endings[at]
        if (entry === undefined) continue
        await this.#parts.record({ chord: record.id, slot, entry })
        recorded += 1
      }
    }
    return recorded
  }
}

interface Progress {
  recorded: number
  resumed: number
  failed: number
}
