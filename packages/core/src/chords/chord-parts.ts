import { BackendError } from '../backend/backend-error.ts'
import type { ChordTools, Dispatcher } from './dispatcher.ts'
import type { ChordRecord, Held, Reason } from './chord-record.ts'
import type { Look, Part, Siblings } from './marker-ledger.ts'
import { isFailure } from './slot-entry.ts'
import { SlotTree } from './slot-tree.ts'

/**
 * What became of a part. `duplicate`: its slot was filled by the same task before. `conflict`: by another task.
 * `late`: the chord was over. `unknown`: there is no such chord.
 */
export type PartOutcome = 'recorded' | 'duplicate' | 'conflict' | 'late' | 'unknown'

/** Fills slots, and finds out when a chord is complete. */
export class ChordParts {
  readonly #tools: ChordTools
  readonly #dispatcher: Dispatcher

  constructor(tools: ChordTools, dispatcher: Dispatcher) {
    this.#tools = tools
    this.#dispatcher = dispatcher
  }

  /** The marker first, the record second: whoever seals the chord does it the other way round, so that one of them sees both. */
  async record(part: Part): Promise<PartOutcome> {
    const { host, ledger, records } = this.#tools
    const { chord, slot } = part
    const { filling, entry } = await ledger.fill(part)
    const [held, siblings] = await Promise.all([records.get(chord), ledger.siblings(chord, slot, host.settings.fanOut)])
    if (held === undefined) return 'unknown'
    if (isLate(held.record, slot)) {
      // Whoever filled it: nobody reads it any more.
      await ledger.clear(chord, slot)
      return 'late'
    }
    if (held.record.policy === 'failFast' && isFailure(entry)) await this.#failFast(held, slot)
    // A repeat carries completion upwards as the first did, which may not have come so far.
    else await this.#climb(held, slot, siblings)
    return filling === 'duplicate' || filling === 'conflict' ? filling : 'recorded'
  }

  /** Looks at all slots of a sealed chord, and claims it when that is due. Resolves to the look when it is not. */
  async drive(start: Held): Promise<Look | undefined> {
    let held: Held | undefined = start
    while (held?.record.state === 'sealed') {
      const look = await this.#dueOrLook(held.record)
      if (typeof look !== 'string') return look
      if (!this.#dispatcher.canPublish || (await this.#dispatcher.claim(held, look))) return undefined
      held = await this.#tools.records.get(start.record.id)
    }
    return undefined
  }

  /** Fixes the size of a chord, once. Resolves when whatever that makes due has happened. */
  async seal(id: string, seal: Seal): Promise<void> {
    for (;;) {
      const held = await this.#tools.records.get(id)
      if (held === undefined) throw new BackendError('not-found', `chord ${id} is not known`)
      const sealed = held.record.sealedSize === undefined ? await this.#sealed(held, seal) : held
      if (sealed === undefined) continue
      if (!isSealedBy(sealed.record, seal)) throw conflictingSeal(sealed.record, seal)
      // Also when it was sealed before: whoever did that may not have come so far.
      await this.drive(sealed)
      return
    }
  }

  #sealed(held: Held, { size, header, shape }: Seal): Promise<Held | undefined> {
    const { id, state } = held.record
    if (state !== 'open') throw new BackendError('conflict', `chord ${id} was ended before it was sealed`)
    const change = { state: 'sealed', sealedSize: size, size, sizes: [size], shape: shape ?? null } as const
    return this.#tools.records.replace(held, header === undefined ? change : { ...change, header })
  }

  async #dueOrLook(record: ChordRecord): Promise<Reason | Look> {
    const { host, ledger, names } = this.#tools
    const hasFailed = record.policy === 'failFast' && (await host.keys.exists([names.failed(record.id)]))[0] === true
    if (hasFailed) return 'failed'
    const look = await ledger.look(record)
    return look.isComplete ? 'complete' : look
  }

  /**
   * A climb holds for the size that was read: where the chord has grown meanwhile, other nodes are to be made. Only on
   * the edge: a whole node stays what it is, and whoever makes the sibling that was missing looks after that.
   */
  async #climb(held: Held, slot: number, siblings: Siblings): Promise<void> {
    const { ledger, records } = this.#tools
    const isFull = async ({ record }: Held, known?: Siblings): Promise<boolean> =>
      slot < record.size && (await ledger.climb(record, slot, known))
    for (let now: Held | undefined = held, known: Siblings | undefined = siblings; now?.record.state === 'sealed';) {
      if (await isFull(now, known)) return await this.#finish(now, 'complete', isFull)
      if (isUnfinished(now.record, siblings) || !new SlotTree(now.record.size, now.record.fanOut).isOnEdge(slot)) return
      known = undefined
      const { record }: Held = now
      now = await records.get(record.id)
      if (now?.record.size === record.size) return
    }
  }

  /** A claim holds for the size that was looked at: if the chord has grown since, it is looked at again. */
  async #finish(start: Held, why: Reason, isDue: (held: Held) => Promise<boolean>): Promise<void> {
    if (!this.#dispatcher.canPublish) return
    for (let held: Held | undefined = start; held?.record.state === 'sealed';) {
      if (await this.#dispatcher.claim(held, why)) return
      held = await this.#tools.records.get(start.record.id)
      if (held?.record.state === 'sealed' && !(await isDue(held))) return
    }
  }

  /** Leaves a sign before looking whether the chord is sealed: whoever seals it looks for the sign afterwards. */
  async #failFast({ record: { id } }: Held, slot: number): Promise<void> {
    const { host, names, records } = this.#tools
    const { maxDeadlineSeconds, tombstoneSeconds } = host.settings
    const expiresInSeconds = maxDeadlineSeconds + tombstoneSeconds
    await host.keys.create({ key: names.failed(id), value: '1', expiresInSeconds })
    const held = await records.get(id)
    const isDue = ({ record }: Held): boolean => record.state === 'sealed' && slot < record.size
    if (held !== undefined && isDue(held)) await this.#finish(held, 'failed', async (now) => isDue(now))
  }
}

export interface Seal {
  readonly size: number
  readonly header?: string
  readonly shape?: Held['record']['shape']
}

/** Whether a slot no longer counts. What a published body was decided with must stay until the body has ended. */
function isLate({ state, decision, size, awaited, hasEnded }: ChordRecord, slot: number): boolean {
  if (state !== 'published') return state === 'done'
  if (awaited === undefined || hasEnded === true || decision?.kind !== 'body') return true
  return slot >= size || decision.missing?.includes(slot) === true
}

/** Whether a slot beside was empty, so that no node was made of which a chord that has grown would know nothing. */
function isUnfinished({ size, fanOut }: ChordRecord, siblings: Siblings): boolean {
  return siblings.fanOut === fanOut && !siblings.filled.slice(0, Math.max(0, size - siblings.from)).every(Boolean)
}

function isSealedBy({ sealedSize, header }: ChordRecord, seal: Seal): boolean {
  return sealedSize === seal.size && (seal.header === undefined || header === seal.header)
}

function conflictingSeal({ id, sealedSize }: ChordRecord, { size }: Seal): BackendError {
  const reason = sealedSize === size ? 'with other tasks' : `with ${sealedSize} parts, not ${size}`
  return new BackendError('conflict', `chord ${id} is sealed ${reason}`)
}
