import {
  type Claim,
  encodeJson,
  type GuardedWrite,
  type LedgerContext,
  type Part,
  PROPAGATE_STATES,
  type StoredPart,
  type Recorded,
  type PartOutcome,
} from '@arpeggio/core'
import { type Argument, listOf, type Reply, textOf } from '../client.ts'
import type { Connection } from '../connection.ts'
import { perhapsRepeated } from '../errors.ts'
import { guardedOf, storedOf, valueOf } from '../version.ts'
import { lifetimeOf, ownOf } from '../write-arguments.ts'
import type { LedgerCalls, LedgerStore } from './ledger-calls.ts'
import { memberOf, nameOf, scoreOf } from './member.ts'
import { beginning, isBegunByPeer } from './peer-chord.ts'
import { heldOf } from './record-fields.ts'

export interface PartCallsTools {
  readonly store: LedgerStore
  readonly calls: LedgerCalls
  readonly context: LedgerContext
  readonly enter: (chord: string) => Promise<void>
}

/** The result of a part on its way with it. */
interface Sent {
  readonly key: string
  readonly args: readonly Argument[]
  readonly connection: Connection
}

/** Brings parts into their chords, with their results or without. */
export class PartCalls {
  readonly #tools: PartCallsTools

  constructor(tools: PartCallsTools) {
    this.#tools = tools
  }

  async record(part: Part, claim: Claim | undefined): Promise<Recorded> {
    return recordedOf(await this.#send(part, claim))
  }

  /** Core tries again itself where that is due, as with any result. */
  async recordWithResult(part: Part, result: GuardedWrite, claim: Claim | undefined): Promise<StoredPart> {
    const { key, value, expiresInSeconds, keep } = result
    const connection = this.#tools.store.connections.next
    const { losses } = connection
    const own = ownOf(value)
    const args = [own, lifetimeOf(expiresInSeconds), ...keep]
    const reply = await this.#send(part, claim, { key, args, connection })
    const [told, stored = null] = listOf(reply)
    const outcome = textOf(told)
    if (outcome !== 'kept' && outcome !== 'undecided') return { result: guardedOf(own), recorded: recordedOf(reply) }
    if (losses !== connection.losses) throw perhapsRepeated(connection.address)
    return { result: { outcome, stored: storedOf(valueOf(stored)) } }
  }

  async #send(part: Part, claim: Claim | undefined, sent?: Sent): Promise<Reply> {
    const { calls } = this.#tools
    const args = this.#argsOf(part, claim)
    const call = sent && { more: [sent.key], connection: sent.connection }
    for (;;) {
      const reply = await calls.script(part.chord, calls.scripts.part, [...args, ...(sent?.args ?? [])], call)
      if (reply === null || textOf(reply) !== 'begin') return reply
      await this.#begin(part)
    }
  }

  #argsOf(part: Part, claim: Claim | undefined): readonly Argument[] {
    const { entry, slot } = part
    const { now, settings } = this.#tools.context
    const isPeers = isBegunByPeer(part)
    const name = nameOf(entry.taskId)
    return [
      name,
      memberOf(name, entry, isPeers || settings.peers === 'celery'),
      scoreOf(slot),
      claim === undefined ? '' : `${claim.nonce} ${encodeJson(claim.lease)}`,
      claim?.at ?? now(),
      Math.ceil(settings.expiresInSeconds),
      `${PROPAGATE_STATES.has(entry.state) ? 'failed' : ''}${isPeers ? 'begun' : ''}`,
    ]
  }

  /** On the list before there is a record: whoever finds an entry without one waits for it. */
  async #begin(part: Part): Promise<void> {
    const { calls, context, enter } = this.#tools
    await enter(part.chord)
    await calls.script(part.chord, calls.scripts.begin, beginning(part, context))
  }
}

/** What became of a part, and the record where this call has claimed it. */
function recordedOf(reply: Reply): Recorded {
  if (!Array.isArray(reply)) return { outcome: textOf(reply) as PartOutcome } // the script answers with nothing else
  const [outcome, whole] = listOf(reply)
  const claimed = heldOf(whole)
  const recorded = { outcome: textOf(outcome) as PartOutcome } // likewise
  return claimed === undefined ? recorded : { ...recorded, claimed }
}
