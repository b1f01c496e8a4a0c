import { BackendError } from '../backend/backend-error.ts'
import type { ChordTools, Dispatcher } from './dispatcher.ts'
import type { Held, Reason } from './chord-record.ts'
import type { Look, Part } from './marker-ledger.ts'
import { isFailure } from './slot-entry.ts'

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
    const { chord, slot, entry } = part
    const filling = await ledger.fill(part)
    const [held, siblings] = await Promise.all([records.get(chord), ledger.siblings(chord, slot, host.settings.fanOut)])
    if (held === undefined) return 'unknown'
    const { state, policy, size } = held.record
    if (state === 'published' || state === 'done') {
      if (filling === 'filled') await ledger.clear(chord, slot)
      return 'late'
    }
    const outcome = filling === 'duplicate' || filling === 'conflict' ? filling : 'recorded'
    if (policy === 'failFast' && isFailure(entry)) await this.#failFast(held)
    // A repeat carries completion upwards as the first did, which may not have come so far.
    else if (state === 'sealed' && slot < size && (await ledger.climb(held.record, slot, siblings))) {
      await this.#finish(held, 'complete', (found) => ledger.climb(found.record, slot))
    }
    return outcome
  }

  /** Looks at all slots of a sealed chord, and claims it when that is due. Resolves to the look when it is not. */
  async drive(start: Held): Promise<Look | undefined> {
    const { host, ledger, names, records } = this.#tools
    for (
      let held: Held | undefined = start;
      held?.record.state === 'sealed';
      held = await records.get(start.record.id)
    ) {
      const { record }: Held = held
      if (record.policy === 'failFast' && (await host.keys.exists([names.failed(record.id)]))[0] === true) {
        if (!this.#dispatcher.canPublish || (await this.#dispatcher.claim(held, 'failed'))) return undefined
        continue
      }
      const look = await ledger.look(record)
      if (!look.isComplete) return look
      if (!this.#dispatcher.canPublish || (await this.#dispatcher.claim(held, 'complete'))) return undefined
    }
    return undefined
  }

  /** Fixes the size of a chord, once. Resolves when whatever that makes due has happened. */
  async seal(id: string, seal: Seal): Promise<void> {
    for (;;) {
      const held = await this.#tools.records.get(id)
      if (held === undefined) throw new BackendError('not-found', `chord ${id} is not known`)
      const { state, sealedSize, header } = held.record
      if (sealedSize !== undefined) {
        const isSame = sealedSize === seal.size && (seal.header === undefined || header === seal.header)
        if (!isSame) throw conflictingSeal(id, sealedSize, seal.size)
        await this.drive(held)
        return
      }
      if (state !== 'open') throw new BackendError('conflict', `chord ${id} was ended before it was sealed`)
      const { size, header: digest, shape } = seal
      const change = { state: 'sealed', sealedSize: size, size, sizes: [size] } as const
      const header2 = { ...(digest === undefined ? {} : { header: digest }), ...(shape ? { shape } : {}) }
      const sealed = await this.#tools.records.replace(held, { ...change, ...header2 })
      if (sealed === undefined) continue
      await this.drive(sealed)
      return
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
  async #failFast({ record: { id } }: Held): Promise<void> {
    const { host, names, records } = this.#tools
    const { maxDeadlineSeconds, tombstoneSeconds } = host.settings
    const expiresInSeconds = maxDeadlineSeconds + tombstoneSeconds
    await host.keys.create({ key: names.failed(id), value: '1', expiresInSeconds })
    const held = await records.get(id)
    if (held?.record.state === 'sealed') await this.#finish(held, 'failed', async () => true)
  }
}

export interface Seal {
  readonly size: number
  readonly header?: string
  readonly shape?: Held['record']['shape']
}

function conflictingSeal(id: string, sealed: number, size: number): BackendError {
  const reason = sealed === size ? 'with other tasks' : `with ${sealed} parts, not ${size}`
  return new BackendError('conflict', `chord ${id} is sealed ${reason}`)
}
