import { BackendError } from '../backend/backend-error.ts'
import type { Claim, Look, Part, PartOutcome, Recorded } from './chord-ledger.ts'
import type { ChordRecord, Held } from './chord-record.ts'
import type { ChordTools, Dispatcher } from './dispatcher.ts'

/** Fills slots, and takes up the chords that are complete. */
export class ChordParts {
  readonly #tools: ChordTools
  readonly #dispatcher: Dispatcher

  constructor(tools: ChordTools, dispatcher: Dispatcher) {
    this.#tools = tools
    this.#dispatcher = dispatcher
  }

  /** Resolves when whatever the part makes due has happened. */
  async record(part: Part, claim?: Claim): Promise<PartOutcome> {
    return await this.finish(await this.#tools.ledger.record(part, claim ?? (await this.offer())))
  }

  offer(): Promise<Claim | undefined> {
    return this.#dispatcher.offer()
  }

  /** Goes on with the chord where a part has completed it. */
  async finish({ outcome, claimed }: Recorded): Promise<PartOutcome> {
    if (claimed !== undefined) await this.#dispatcher.dispatch(claimed)
    return outcome
  }

  /** Looks at all slots of a sealed chord, and claims it when that is due. Resolves to the look when it is not. */
  async drive(start: Held): Promise<Look | undefined> {
    let held: Held | undefined = start
    while (held?.record.state === 'sealed') {
      const look = await this.#tools.ledger.look(held)
      if (look.due === undefined) return look
      if (!this.#dispatcher.canPublish || (await this.#dispatcher.claim(held, look.due))) return undefined
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
}

export interface Seal {
  readonly size: number
  readonly header?: string
  readonly shape?: Held['record']['shape']
}

function isSealedBy({ sealedSize, header }: ChordRecord, seal: Seal): boolean {
  return sealedSize === seal.size && (seal.header === undefined || header === seal.header)
}

function conflictingSeal({ id, sealedSize }: ChordRecord, { size }: Seal): BackendError {
  const reason = sealedSize === size ? 'with other tasks' : `with ${sealedSize} parts, not ${size}`
  return new BackendError('conflict', `chord ${id} is sealed ${reason}`)
}
