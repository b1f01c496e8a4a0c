import { randomUUID } from 'node:crypto'
import {
  BackendError,
  type ChordLedger,
  type ChordRecord,
  type Claim,
  claimedBy,
  encodeJson,
  type EntriesOptions,
  type Fold,
  type Held,
  type LedgerContext,
  type LedgerReader,
  type Look,
  type Part,
  type Place,
  type Recorded,
  type SlotEntry,
  type Version,
} from '@arpeggio/core'
import { type Count, countOf } from '../counters.ts'
import type { Beside } from '../documents.ts'
import { ChordNames } from './chord-names.ts'
import { counted, isCounted } from './counted-record.ts'
import { type Counted, PartCommits } from './part-commits.ts'
import { isPerhapsOfPeer, sizeIn } from './peer-chord.ts'
import { PeerChords } from './peer-chords.ts'
import { SharedCounter } from './shared-counter.ts'
import type { LedgerStore } from './ledger-store.ts'
import { WholeEntries } from './whole-entries.ts'

const nothing: Look = { missing: [] }

/**
 * Counts the parts of chords in Celery's own documents, so that its workers and this library finish them together. What a
 * worker of Celery has counted leaves nothing but the count: which tasks have ended is told by their results.
 */
export class FirestoreLedger implements ChordLedger {
  readonly namesParts = true
  readonly #store: LedgerStore
  readonly #context: LedgerContext
  readonly #names: ChordNames
  readonly #counter: SharedCounter
  readonly #commits: PartCommits
  readonly #peers: PeerChords
  readonly #entries: WholeEntries

  constructor(store: LedgerStore, context: LedgerContext) {
    const { keyPrefix, lifetimeSeconds } = context.settings
    this.#store = store
    this.#context = context
    this.#names = new ChordNames(keyPrefix)
    this.#counter = new SharedCounter(store, this.#names, context.settings)
    this.#commits = new PartCommits({ ...store, lifetimeSeconds })
    this.#peers = new PeerChords(store, this.#names, context, (record) =>
      this.#create(record, this.#counter.adopt(record.id)),
    )
    this.#entries = new WholeEntries(context, this.#peers)
  }

  get(id: string): Promise<Held | undefined> {
    return this.#context.own.get(id)
  }

  /** Where peers cannot know how many parts there will be, or where there is none, the chord is ours from the first moment. */
  create(record: ChordRecord): Promise<Held | undefined> {
    return this.#create(record, this.#counter.begin(record.id, record.state === 'open' || record.size === 0))
  }

  async replace(held: Held, record: ChordRecord, expiresInSeconds: number): Promise<Held | undefined> {
    const before = held.record
    if (!isCounted(before)) return await this.#context.own.replace(held, record, expiresInSeconds)
    if (record.state === 'done') return await this.#end(held, record, expiresInSeconds)
    const isOpen = before.state === 'open' || before.state === 'sealed'
    const isClaimed = isOpen && record.state === 'dispatching'
    const isGrown = before.state === 'sealed' && record.size > before.size
    if ((isClaimed || isGrown) && !(await this.#isTaken(held, record))) return undefined
    return await this.#write(record, { if: held.version, expiresInSeconds })
  }

  async record(part: Part, claim: Claim | undefined): Promise<Recorded> {
    if (part.body === undefined) {
      const held = await this.get(part.chord)
      if (held === undefined) return { outcome: 'unknown' }
      if (!isCounted(held.record)) return await this.#context.own.record(part, claim)
      // Nobody counts a task that had ended before it was a part: no peer may count on it.
      if ((await this.#counter.capture(held.record)) === 'gone') return { outcome: 'late' }
    }
    const own = isPerhapsOfPeer(part) ? await this.#peers.placed(part) : part
    if (own === undefined || !Number.isSafeInteger(own.slot)) return { outcome: 'unknown' }
    const marker = await this.#context.own.marker(own)
    const found = await this.#commits.count({
      counter: this.#names.counter(own.chord),
      marker,
      taskId: own.entry.taskId,
      mayClaim: claim !== undefined,
    })
    const recorded = await this.#judged(own, found, claim)
    if (recorded.outcome === 'late' && found.isOwn === true) await this.#store.documents.delete([marker.key])
    return recorded
  }

  /**
   * A chord whose tasks have all ended is due where no peer can be firing it: the counter is captured, or could be because
   * it says less than all. Else it is suspect, and due when nothing has come of it for a while.
   */
  async look(held: Held): Promise<Look> {
    const { record } = held
    if (record.state !== 'sealed') return nothing
    if (!isCounted(record)) return await this.#context.own.look(held)
    const counter = await this.#counter.get(record.id)
    if (counter === undefined) return await this.#firedByPeer(held)
    if (!counter.isCaptured && counter.parts >= record.size) {
      if (this.#counter.isFresh(counter)) return nothing
      return (await this.#hasFired(record)) ? await this.#firedByPeer(held) : { due: 'complete', missing: [] }
    }
    const missing = await this.#entries.missing(record)
    if (missing.length > 0) return { missing }
    return (await this.#counter.capture(record)) === 'captured' ? { due: 'complete', missing } : nothing
  }

  entries(place: Place, options?: EntriesOptions): AsyncIterable<readonly (SlotEntry | undefined)[]> {
    return this.#entries.pages(place, options)
  }

  fold(record: ChordRecord): Promise<Fold | undefined> {
    return this.#context.own.fold(record)
  }

  remove(record: ChordRecord, hasLargeValues: boolean): Promise<void> {
    return this.#context.own.remove(record, hasLargeValues)
  }

  /** Only peers count a part again. From now on the tasks tell when all have ended, and not the count. */
  async reopen({ record: claimed, version }: Held): Promise<void> {
    const { why, lease: _lease, ...record } = claimed
    if (!isCounted(record) || why !== 'complete' || record.decision) return
    const nonce = `${record.nonce}.reopened`
    await this.#counter.capture(record, { anyway: true })
    await this.#write(
      { ...record, state: 'sealed', rev: record.rev + 1, nonce },
      { if: version, expiresInSeconds: record.lifetimeSeconds },
    )
    this.#context.warn(`chord ${record.id} was counted to its end by repeats of its parts and waits for the others`)
  }

  enter(id: string): Promise<void> {
    return this.#context.own.enter(id)
  }

  reader(): LedgerReader {
    return this.#context.own.reader()
  }

  #create(record: ChordRecord, beside: Beside): Promise<Held | undefined> {
    return this.#write(counted(record), { if: 'absent', expiresInSeconds: record.lifetimeSeconds, beside })
  }

  async #end(held: Held, record: ChordRecord, expiresInSeconds: number): Promise<Held | undefined> {
    const beside = this.#counter.end(record.id)
    const ended = await this.#write(record, { if: held.version, expiresInSeconds, beside })
    if (ended !== undefined) await this.#peers.ended(held.record)
    return ended
  }

  /** Before a chord is decided here, or gets more parts than its peers know of. */
  async #isTaken(held: Held, { why, state }: ChordRecord): Promise<boolean> {
    const { record } = held
    const taken = await this.#counter.capture(record)
    if (taken === 'captured') return true
    if (taken === 'gone') {
      await this.#firedByPeer(held)
      return false
    }
    if (state === 'sealed') throw new BackendError('conflict', `chord ${record.id} takes no more parts`)
    // All parts have been counted: a peer may be about to fire, or else a look has found that it has not.
    return why !== 'deadline' || (await this.look(held)).due !== undefined
  }

  async #judged(part: Part, found: Counted, claim: Claim | undefined): Promise<Recorded> {
    const { outcome, count, isOwn = false } = found
    if (outcome === 'over') return await this.#withoutCounter(part, claim)
    if (count === undefined || isShort(part, count)) return { outcome }
    if (countOf(count).isOver) return { outcome: 'late' }
    const held = await this.get(part.chord)
    if (held === undefined) return { outcome: 'unknown' }
    return { outcome, ...(await this.#claimed(held, claim, { ...countOf(count), isOwn })) }
  }

  /** Of a chord that a peer has fired, or that was begun without peers. */
  async #withoutCounter(part: Part, claim: Claim | undefined): Promise<Recorded> {
    const held = await this.get(part.chord)
    if (held === undefined) return { outcome: 'unknown' }
    return isCounted(held.record) ? { outcome: 'late' } : await this.#context.own.record(part, claim)
  }

  async #claimed(held: Held, claim: Claim | undefined, count: OwnCount): Promise<Pick<Recorded, 'claimed'>> {
    const { record } = held
    // Whoever lost the answer to his claim finds it here.
    if (record.state !== 'sealed') return claim?.nonce === record.nonce ? { claimed: held } : {}
    const isFirst = count.isOwn && !count.isCaptured && count.parts === record.size
    if (count.parts < record.size || !(await this.#isDue(held, isFirst))) return {}
    if (claim === undefined) return await this.#leave(record)
    const after = claimedBy(record, claim, 'complete')
    const claimed = await this.#write(after, { if: held.version, expiresInSeconds: record.lifetimeSeconds })
    return claimed === undefined ? {} : { claimed }
  }

  /** Nobody here can publish: whoever can is to know that no peer will. */
  async #leave(record: ChordRecord): Promise<Record<string, never>> {
    await this.#counter.capture(record, { anyway: true })
    return {}
  }

  /** Whoever was the first to complete a chord fires it. Any other look at a complete one may come after a peer's. */
  async #isDue(held: Held, isFirst: boolean): Promise<boolean> {
    if (isFirst) return (await this.#counter.get(held.record.id)) !== undefined
    return (await this.look(held)).due !== undefined
  }

  /** Whether a peer has fired a complete chord and died before it could remove what Celery keeps. */
  async #hasFired(record: ChordRecord): Promise<boolean> {
    const keys = record.bodyIds.slice(0, 1).map((id) => this.#context.taskKey(id))
    const [hasBegun = false] = await this.#store.exists(keys)
    return hasBegun || (await this.#peers.hasLostHeader(record))
  }

  /** Leaves a tombstone as if it had been fired here, which no late part of a peer brings back to life either. */
  async #firedByPeer(held: Held): Promise<Look> {
    const { record } = held
    await this.remove(record, true)
    const over = { state: 'done', why: 'peer', body: '', adds: {}, sizes: [], shape: null, lease: null } as const
    const stamp = { rev: record.rev + 1, nonce: randomUUID(), writtenAt: this.#context.now() }
    await this.#write(
      { ...record, ...over, ...stamp },
      {
        if: held.version,
        expiresInSeconds: this.#context.settings.tombstoneSeconds,
        beside: this.#counter.end(record.id),
      },
    )
    return nothing
  }

  async #write(record: ChordRecord, { beside, ...rest }: Writing): Promise<Held | undefined> {
    const write = { key: this.#names.record(record.id), value: encodeJson(record), ...rest }
    const outcome = await this.#store.documents.set(write, beside)
    if (outcome.written) return { record, version: outcome.version }
    const found = await this.get(record.id)
    return found?.record.nonce === record.nonce ? found : undefined
  }
}

interface Writing {
  readonly if: Version | 'absent'
  readonly expiresInSeconds: number
  readonly beside?: Beside
}

/** What a part knows of the counter, and whether it was the part itself that has brought it so far. */
interface OwnCount extends Count {
  readonly isOwn: boolean
}

/** Whether a chord lacks parts by what its parts say themselves, so that nothing need be read. */
function isShort({ body }: Part, value: number): boolean {
  const { parts, isCaptured } = countOf(value)
  const size = body && sizeIn(body)
  return !isCaptured && size !== undefined && parts < size
}
