import { randomUUID } from 'node:crypto'
import { BackendError } from '../backend/backend-error.ts'
import type { Frozen, FrozenBody, FrozenHeader } from '../canvas/frozen.ts'
import { KeyStore } from '../store/key-store.ts'
import { Retry } from '../store/retry.ts'
import { decodeJson } from '../wire/json.ts'
import { keyPrefix } from '../wire/keys.ts'
import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'
import type { TaskMessage, TaskRequest } from '../wire/task-request.ts'
import { Announcement } from './announcement.ts'
import type { ChordHost } from './chord-host.ts'
import { CapturedChords } from './captured-chords.ts'
import { type ChordInspection, inspect } from './chord-inspection.ts'
import { ChordKeys } from './chord-keys.ts'
import type { ChordLedger, Part } from './chord-ledger.ts'
import { ChordParts, type Seal } from './chord-parts.ts'
import type { Added, ChordRecord, Held } from './chord-record.ts'
import { ChordStarter } from './chord-starter.ts'
import { ChordSweep, type SweepReport } from './chord-sweep.ts'
import { type ChordTools, Dispatcher } from './dispatcher.ts'
import { HeaderPages } from './header-pages.ts'
import { MarkerLedger } from './marker-ledger.ts'
import { PartReturn } from './part-return.ts'
import type { SlotEntry } from './slot-entry.ts'
import { retried } from './retried-ledger.ts'
import { StampedRecords } from './stamped-records.ts'
import { StoreClock } from './store-clock.ts'
import { isChordReference, StoredChordResults } from './stored-chord-results.ts'

/** The life of chords: from the announcement of their parts to the end of their body. */
export class Chords {
  readonly #tools: ChordTools
  readonly #dispatcher: Dispatcher
  readonly #parts: ChordParts
  readonly #starter: ChordStarter
  readonly #sweep: ChordSweep
  readonly #captured: CapturedChords | undefined

  constructor(host: ChordHost) {
    const { keys, settings, scheduler } = host
    // Longer than any record, and the same for all: nothing of a chord may go before the rest.
    const lifetimeSeconds = settings.maxDeadlineSeconds + settings.tombstoneSeconds
    const names = new ChordKeys(settings)
    const clock = new StoreClock(keys.backend, scheduler)
    const owner = randomUUID()
    const pages = new HeaderPages(keys, names, lifetimeSeconds)
    const ledger = ledgerOf(host, { names, clock, pages, lifetimeSeconds })
    const records = new StampedRecords(ledger, clock, owner)
    this.#tools = { host, names, clock, records, ledger, pages, owner }
    this.#dispatcher = new Dispatcher(this.#tools)
    this.#parts = new ChordParts(this.#tools, this.#dispatcher)
    this.#starter = new ChordStarter(this.#tools, this.#parts)
    this.#sweep = new ChordSweep(this.#tools, this.#parts, this.#dispatcher)
    if (host.publisher !== undefined) this.#sweep.start()
    if (isFiredHereAlone(host)) this.#captured = new CapturedChords((id) => this.#sweep.bringOn(id), scheduler)
  }

  /** Makes chords known, publishes what starts them and everything else, and takes up what was done before. */
  start(frozen: readonly Frozen[]): Promise<void> {
    const messages = frozen.flatMap((each) => each.messages)
    const chords = frozen.flatMap((each) => each.chords)
    for (const { id } of chords) this.#captured?.watch(id)
    return this.#starter.start(chords, messages)
  }

  /** Makes a chord known whose header comes piece by piece. Resolves to nothing when it needs no more parts. */
  async announce(body: FrozenBody): Promise<Announcement | undefined> {
    const held = await this.#starter.open(body)
    if (held === undefined) return undefined
    const start = (frozen: readonly Frozen[]): Promise<void> => this.start(frozen)
    return new Announcement(held, { pages: this.#tools.pages, parts: this.#parts, starter: this.#starter, start })
  }

  bodyOf(record: ChordRecord): SignatureData {
    if (record.state === 'done')
      throw new BackendError('conflict', `chord ${record.id} is over and takes no more parts`)
    return decodeSignatureData(decodeJson(record.body))
  }

  /** Fixes the number of parts, once. Another number later is a `conflict`. */
  seal(id: string, seal: Seal): Promise<void> {
    return this.#parts.seal(id, seal)
  }

  /** Whether a peer's task waits for the parts of chords, because the store counts none that it would know of. */
  get areUnlocked(): boolean {
    const { keys, settings } = this.#tools.host
    return settings.peers === 'celery' && keys.backend.chords === undefined
  }

  /** How a part of a chord has ended; nothing for a request that is none. */
  partReturn(request: TaskRequest, entry: SlotEntry): PartReturn | undefined {
    const part = this.areUnlocked ? undefined : partOf(request, entry)
    if (part !== undefined) this.#captured?.watch(part.chord)
    return part && new PartReturn(part, this.#tools.ledger, this.#parts)
  }

  /**
   * Makes room for more parts. The same `addId` again answers with the same slots. Rejects with `conflict` when the chord
   * is not sealed yet, or no longer waits for parts.
   */
  async grow(id: string, addId: string, taskIds: readonly string[]): Promise<Added> {
    await this.#tools.pages.writeAdded(id, addId, taskIds)
    for (;;) {
      const held = await this.get(id)
      const { adds, size, sizes, state } = held.record
      const known = Object.hasOwn(adds, addId) ? adds[addId] : undefined
      if (known !== undefined) {
        if (known.count === taskIds.length) return known
        throw new BackendError(
          'conflict',
          `${addId} has added ${known.count} parts to chord ${id}, not ${taskIds.length}`,
        )
      }
      if (state !== 'sealed') throw new BackendError('conflict', `chord ${id} is ${state} and takes no more parts`)
      const added: Added = { first: size, count: taskIds.length }
      const grown = size + taskIds.length
      const change = { size: grown, sizes: [...sizes, grown], adds: { ...adds, [addId]: added } }
      if ((await this.#tools.records.replace(held, change)) !== undefined) return added
    }
  }

  /** What is left to start of parts that were added. */
  async unfinished(id: string, first: number, { messages, headerIds }: FrozenHeader): Promise<readonly TaskMessage[]> {
    return await this.#starter.unfinished(await this.get(id), { messages, headerIds, first })
  }

  /** Ends a chord with an error instead of its body. Resolves to whether it was not over already. */
  async cancel(id: string, reason: string): Promise<boolean> {
    if (!this.#dispatcher.canPublish)
      throw new BackendError('misconfigured', 'a chord cannot be ended without a publisher')
    for (;;) {
      const held = await this.get(id)
      if (held.record.state !== 'open' && held.record.state !== 'sealed') return false
      if (await this.#dispatcher.claim(held, 'cancelled', reason)) return true
    }
  }

  async inspect(id: string): Promise<ChordInspection> {
    await this.#tools.clock.compare()
    return await inspect(this.#tools, await this.get(id))
  }

  /** The chords that are not over, one after the other. */
  async *listOpen(): AsyncGenerator<ChordInspection> {
    await this.#tools.clock.compare()
    for (const id of await this.#tools.ledger.reader().poll()) {
      const held = await this.#tools.records.get(id)
      if (held !== undefined && held.record.state !== 'done') yield await inspect(this.#tools, held)
    }
  }

  sweep(): Promise<SweepReport> {
    return this.#sweep.run()
  }

  /** Gives what only this library would fire back to its peers, chord by chord. Resolves to how many. */
  async release(): Promise<number> {
    const { ledger } = this.#tools
    let count = 0
    for (const id of ledger.release === undefined ? [] : await ledger.reader().poll()) {
      const held = await ledger.get(id)
      if (held?.record.state === 'done' || held === undefined) continue
      if ((await ledger.release?.(held)) === true) count += 1
    }
    return count
  }

  /** A sweep over one chord. */
  async bringOn(id: string): Promise<void> {
    await this.#sweep.bringOn(id)
  }

  /** What a body is called with: a reference to a header's results becomes something to read them from. */
  bodyArgs(args: readonly unknown[]): readonly unknown[] {
    if (!args.some(isChordReference)) return args
    return args.map((arg) => (isChordReference(arg) ? new StoredChordResults(this.#tools.ledger, arg) : arg))
  }

  messageEnded(message: TaskMessage): Promise<void> {
    return this.#dispatcher.messageEnded(message)
  }

  messageLost(message: TaskMessage): Promise<void> {
    return this.#dispatcher.messageLost(message)
  }

  async close(): Promise<void> {
    this.#captured?.close()
    await this.#sweep.close()
    await this.#dispatcher.close()
    await this.#tools.ledger.close?.()
  }

  /** The record. Rejects with `not-found`. */
  async get(id: string): Promise<Held> {
    const held = await this.#tools.records.get(id)
    if (held === undefined)
      throw new BackendError('not-found', `chord ${id} is not known: it never was, or it has expired`)
    return held
  }
}

/** Whether peers count parts of chords that they do not fire, and this process looks after chords at all. */
function isFiredHereAlone({ keys, publisher, settings }: ChordHost): boolean {
  const { peers, firing, sweepSeconds } = settings
  const isShared = peers === 'none' || firing === 'shared' || keys.backend.chords === undefined
  return !isShared && publisher !== undefined && sweepSeconds !== false
}

const once = new Retry(
  { alwaysRetry: false, maxRetries: 0, baseSleepMs: 0, maxSleepMs: 0 },
  { exceptionSafeToRetry: () => false },
)

interface LedgerParts {
  readonly names: ChordKeys
  readonly clock: StoreClock
  readonly pages: HeaderPages
  readonly lifetimeSeconds: number
}

/** The store's own where it has one. */
function ledgerOf(host: ChordHost, { names, clock, pages, lifetimeSeconds }: LedgerParts): ChordLedger {
  const { keys, settings } = host
  const { inlineBytes, fanOut, expirySeconds: expiresInSeconds } = settings
  const { chords } = keys.backend
  const tools = { names, clock, inlineBytes, lifetimeSeconds, fanOut }
  const retry = <Answer>(operation: () => Promise<Answer>): Promise<Answer> => keys.retry.run(operation)
  const context = {
    settings: {
      ...settings,
      keyPrefix: keyPrefix(settings.globalKeyprefix ?? ''),
      expiresInSeconds,
      lifetimeSeconds,
      sweepSeconds: host.publisher === undefined ? (false as const) : settings.sweepSeconds,
    },
    now: () => clock.now(),
    retry,
    // Whatever calls it is called again itself.
    own: new MarkerLedger({ ...tools, keys: new KeyStore(keys.backend, once) }),
    taskKey: (id: string) => host.taskKey(id),
    endings: (ids: readonly string[]) => host.endings(ids),
    taskIds: (record: ChordRecord) => pages.ids(record),
    warn: (message: string) => host.warn(message),
  }
  const ledger = chords?.open(context)
  return ledger === undefined ? new MarkerLedger({ ...tools, keys }) : retried(ledger, { run: retry })
}

function partOf({ chord, group, groupIndex }: TaskRequest, entry: SlotEntry): Part | undefined {
  if (chord === undefined || group === undefined) return undefined
  return { chord: group, slot: groupIndex ?? Infinity, entry, body: chord }
}
