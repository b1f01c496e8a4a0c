import {
  BackendError,
  type ChordLedger,
  type ChordRecord,
  type Claim,
  type EntriesOptions,
  type Fold,
  type GuardedWrite,
  type Held,
  type LedgerContext,
  type LedgerReader,
  type Look,
  type Part,
  type PeerHeader,
  type Place,
  type Recorded,
  type SlotEntry,
  type StoredPart,
} from '@arpeggio/core'
import { type Argument, listOf, type Reply, textOf } from '../client.ts'
import { actOf, type Writing } from './act.ts'
import { ChordNames } from './chord-names.ts'
import { LedgerCalls, type LedgerStore } from './ledger-calls.ts'
import { ordered, unordered } from './layout.ts'
import { tally } from './look-script.ts'
import { OpenChords } from './open-chords.ts'
import { PartCalls } from './part-calls.ts'
import { PartPages } from './part-pages.ts'
import { fieldsOf, hasNoPeers, heldOf, type Mode } from './record-fields.ts'
import { headerOf, mayHaveHeader } from './peer-header.ts'
import { Sweepers } from './sweepers.ts'
import { read } from './write-script.ts'

/** Counts the parts of chords on Celery's own keys, so that its workers and this library finish them together. */
export class RedisLedger implements ChordLedger {
  readonly recordWithResult?: NonNullable<ChordLedger['recordWithResult']>
  readonly #context: LedgerContext
  readonly #names: ChordNames
  readonly #calls: LedgerCalls
  readonly #pages: PartPages
  readonly #parts: PartCalls
  readonly #open: OpenChords
  readonly #sweepers: Sweepers | undefined
  /** Of the chords that this process has claimed. */
  readonly #headers = new Map<string, PeerHeader>()
  readonly #mode: Mode

  constructor(store: LedgerStore, context: LedgerContext) {
    const { keyPrefix, peers, firing, lifetimeSeconds, sweepSeconds } = context.settings
    const { isCluster } = store.connections
    if (isCluster && peers === 'celery')
      throw new BackendError('unsupported', `Celery knows no Redis Cluster: peers must be 'none'`)
    this.#context = context
    this.#names = new ChordNames(keyPrefix, isCluster)
    this.#calls = new LedgerCalls(store, this.#names, peers === 'none' || store.isOrdered ? ordered : unordered)
    this.#pages = new PartPages(this.#calls, context.retry)
    const run = (command: string, args: readonly Argument[]): Promise<Reply> => this.#calls.run(command, args)
    this.#open = new OpenChords({ key: this.#names.open, lifetimeSeconds, now: context.now, run })
    const enter = (chord: string): Promise<void> => this.enter(chord)
    this.#parts = new PartCalls({ store, calls: this.#calls, context, enter })
    this.#mode = peers === 'none' ? 'own' : firing
    if (this.#mode === 'captured')
      this.#sweepers = new Sweepers({ key: this.#names.sweepers, sweepSeconds, now: context.now, run })
    // On a cluster a part and its result live in different slots.
    if (!isCluster) this.recordWithResult = (part, result, claim) => this.#recordWithResult(part, result, claim)
  }

  async get(id: string): Promise<Held | undefined> {
    const held = heldOf(await this.#calls.script(id, read, []))
    // The scripts that find out that a peer has fired work on the keys of one chord.
    if (held?.record.why === 'peer') await this.#open.remove(id)
    return held
  }

  create(record: ChordRecord): Promise<Held | undefined> {
    const { id, size, lifetimeSeconds: expiresInSeconds } = record
    const act = record.state === 'sealed' ? 'seal' : ''
    const own = this.#ownFields(record)
    return this.#write(id, { act, about: size, before: '', record, expiresInSeconds, own })
  }

  async replace(held: Held, record: ChordRecord, expiresInSeconds: number): Promise<Held | undefined> {
    const { id } = record
    const replaced = await this.#write(id, {
      ...actOf(held.record, record),
      before: held.version,
      record,
      expiresInSeconds,
    })
    if (record.state === 'done' && replaced !== undefined) {
      this.#headers.delete(id)
      await this.#open.remove(id)
    }
    return replaced && (await this.#withHeader(replaced))
  }

  async record(part: Part, claim: Claim | undefined): Promise<Recorded> {
    return await this.#completed(await this.#parts.record(part, claim))
  }

  async look({ record }: Held): Promise<Look> {
    const { id, bodyIds } = record
    const { settings, now, taskKey } = this.#context
    const body = this.recordWithResult === undefined ? [] : bodyIds.slice(0, 1).map(taskKey)
    const reply = await this.#calls.script(id, this.#calls.scripts.look, [now(), settings.graceSeconds * 1000], {
      more: body,
    })
    const [why, count = 0, size = 0] = listOf(reply).map(textOf)
    if (why === 'failed') return { due: 'failed', missing: [] }
    if (why === 'complete' || why === 'takeover') return { due: 'complete', missing: [] }
    if (why === 'orphan')
      this.#context.warn(
        `chord ${id} is complete and a peer has not fired it: whoever counted its last part may have died`,
      )
    const isShort = Number(count) < Number(size)
    return { missing: isShort ? await this.#pages.missing(id, Number(size), Number(count)) : [] }
  }

  entries(
    place: Place,
    { from = 0, to = place.size }: EntriesOptions = {},
  ): AsyncIterable<readonly (SlotEntry | undefined)[]> {
    const { id, size, why } = place
    const header = this.#headers.get(id)
    if (header !== undefined) return this.#pages.entriesOf(id, header.taskIds, [from, to])
    // What peers may have added to has to be looked at.
    const isWhole = why === 'complete' && hasNoPeers(place)
    return isWhole ? this.#pages.whole(id, size, [from, to]) : this.#pages.entries(id, size, [from, to])
  }

  async fold({ id, size }: ChordRecord): Promise<Fold | undefined> {
    const [isTold, failed, lowest] = listOf(await this.#calls.script(id, tally, []))
    if (isTold !== 1) return await this.#pages.fold(id, size)
    const low = lowest === null ? {} : { lowest: Number(textOf(lowest)) }
    return { failed: failed === null ? 0 : Number(textOf(failed)), large: 0, ...low }
  }

  async remove({ id }: Place): Promise<void> {
    await this.#calls.run('unlink', this.#names.parts(id))
  }

  /** Only peers repeat a part in other words, which counts as another part. */
  async reopen({ record: { id, why, decision }, version }: Held): Promise<void> {
    if (why !== 'complete' || decision) return
    const repeats: string[] = []
    for await (const task of this.#pages.tasks(id)) repeats.push(...task.repeats)
    await this.#calls.script(id, this.#calls.scripts.reopen, [version, `${version}.reopened`, ...repeats])
    this.#context.warn(`chord ${id} had counted ${repeats.length} repeats of its parts and waits for the others again`)
  }

  /** But for those that ask for more than a worker of Celery knows. */
  async release({ record: { id, policy, results } }: Held): Promise<boolean> {
    if (policy !== 'waitAll' || results !== 'value') return false
    return (await this.#calls.script(id, this.#calls.scripts.release, [])) === 1
  }

  async enter(id: string): Promise<void> {
    await Promise.all([this.#open.enter(id), this.#sweepers?.attend()])
  }

  reader(): LedgerReader {
    const reader = this.#open.reader()
    const poll = async (): Promise<readonly string[]> => {
      const [ids] = await Promise.all([reader.poll(), this.#sweepers?.attend()])
      return ids
    }
    return { poll }
  }

  /** The last process that looked after captured chords gives them back to their peers. */
  async close(): Promise<void> {
    try {
      if ((await this.#sweepers?.leave()) === true) await this.#releaseAll()
    } catch (error) {
      this.#context.warn(`captured chords could not be given back, and wait for the next process: ${String(error)}`)
    }
  }

  async #releaseAll(): Promise<void> {
    for (const id of await this.#open.reader().poll()) {
      const held = await this.get(id)
      if (held !== undefined) await this.release(held)
    }
  }

  async #write(id: string, writing: Writing): Promise<Held | undefined> {
    const { act, about = '', before, record, expiresInSeconds, own = [] } = writing
    const args = [
      before,
      record.nonce,
      Math.ceil(expiresInSeconds),
      act,
      about,
      record.writtenAt,
      ...fieldsOf(record),
      ...own,
    ]
    const reply = await this.#calls.script(id, this.#calls.scripts.write, args)
    if (reply === null || Array.isArray(reply)) return heldOf(reply)
    const isOver = textOf(reply) === 'over'
    throw new BackendError(
      'conflict',
      `chord ${id} ${isOver ? 'takes no more parts' : 'was given another size by a peer'}`,
    )
  }

  async #recordWithResult(part: Part, result: GuardedWrite, claim: Claim | undefined): Promise<StoredPart> {
    const stored = await this.#parts.recordWithResult(part, result, claim)
    return 'recorded' in stored ? { ...stored, recorded: await this.#completed(stored.recorded) } : stored
  }

  async #completed(recorded: Recorded): Promise<Recorded> {
    const { claimed } = recorded
    return claimed === undefined ? recorded : { ...recorded, claimed: await this.#withHeader(claimed) }
  }

  /** Whoever has claimed a chord that a peer began reads its header as the peer wrote it. */
  async #withHeader(held: Held): Promise<Held> {
    const { record } = held
    if (!mayHaveHeader(record)) return held
    const header = headerOf(await this.#calls.run('get', [this.#names.group(record.id)]))
    if (header === undefined) return held
    this.#headers.set(record.id, header)
    return { ...held, record: { ...record, shape: header.shape } }
  }

  #ownFields({ policy, lifetimeSeconds }: ChordRecord): readonly Argument[] {
    const { tombstoneSeconds } = this.#context.settings
    const fields = ['m', this.#mode, 'life', Math.ceil(lifetimeSeconds), 'grave', Math.ceil(tombstoneSeconds)]
    return policy === 'failFast' ? [...fields, 'ff', 1] : fields
  }
}
