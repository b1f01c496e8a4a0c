import { BackendError } from '../backend/backend-error.ts'
import type { ChordOptions } from '../canvas/chord-options.ts'
import type { FrozenBody, FrozenChord } from '../canvas/frozen.ts'
import { decodeJson, encodeJson } from '../wire/json.ts'
import { decodeSignatureData } from '../wire/signature-data.ts'
import type { TaskMessage } from '../wire/task-request.ts'
import type { ChordSettings } from './chord-host.ts'
import type { ChordParts } from './chord-parts.ts'
import type { Held } from './chord-record.ts'
import type { ChordTools } from './dispatcher.ts'
import { HeaderDigest } from './header-pages.ts'
import { placesIn, slotsOf } from './slots-of.ts'
import type { RecordContent } from './stamped-records.ts'
import { withWholeBody } from './whole-body.ts'

/** What is left to do of a chord that has a record. */
interface Started {
  readonly messages: readonly TaskMessage[]
  /** Called when the messages are on their way. */
  readonly next?: () => Promise<void>
}

const over: Started = { messages: [] }

/** Makes chords known before anything of them runs; starting one again goes on where the first time has ended. */
export class ChordStarter {
  readonly #tools: ChordTools
  readonly #parts: ChordParts

  constructor(tools: ChordTools, parts: ChordParts) {
    this.#tools = tools
    this.#parts = parts
  }

  /** Publishes what the chords' headers need, together with other messages, once all chords are known. */
  async start(chords: readonly FrozenChord[], others: readonly TaskMessage[]): Promise<void> {
    await this.#tools.clock.compare()
    const started = await Promise.all(chords.map((chord) => this.#prepare(chord)))
    await this.#tools.host.publish([...others, ...started.flatMap(({ messages }) => messages)])
    for (const { next } of started) await next?.()
  }

  /** Makes a chord known whose header is still being announced. Resolves to nothing when it is over already. */
  async open(body: FrozenBody): Promise<Held | undefined> {
    await this.#tools.clock.compare()
    const content = this.#content(body, { state: 'open', size: 0, sizes: [0] })
    const held = await this.#held(content, async () => undefined)
    return held?.record.state === 'open' || held?.record.state === 'sealed' ? held : undefined
  }

  async #prepare(chord: FrozenChord): Promise<Started> {
    const { id, headerIds } = chord
    const digest = new HeaderDigest()
    digest.add(headerIds)
    const header = String(digest)
    const size = headerIds.length
    const sealed = { state: 'sealed', size, sizes: [size], sealedSize: size, header } as const
    const content = this.#content(chord, chord.shape === undefined ? sealed : { ...sealed, shape: chord.shape })
    const held = await this.#held(content, () => this.#keepHeader(chord, content.lifetimeSeconds))
    if (held === undefined) return { messages: [], next: () => this.#returnBody(chord) }
    if (held.record.state === 'open') throw conflict(id, 'whose header is still being announced')
    if (held.record.state !== 'sealed') return over
    if (held.record.header !== header) throw conflict(id, 'with other tasks')
    const messages = await this.unfinished(held, { messages: chord.messages, headerIds, first: 0 })
    // Of a header that is published elsewhere, or made of chords, nobody knows how much has ended.
    const isWhole = messages.length > 0 && messages.length === chord.messages.length
    return isWhole ? { messages } : { messages, next: () => this.#takeUp(chord) }
  }

  /** Peers that may join a header read its structure where Celery keeps it; where they count otherwise, only one with groups in it. */
  async #keepHeader({ id, headerIds, shape, root }: FrozenChord, lifetimeSeconds: number): Promise<void> {
    const { host, ledger, pages } = this.#tools
    await pages.write(id, 0, headerIds)
    const isRead = shape !== undefined || ledger.namesParts === true
    if (!isRead || root.parent === undefined || !isShared(host.settings)) return
    await host.saveGroup(root.parent, lifetimeSeconds)
  }

  /** Peers that may publish the body need all of it. */
  #named({ record }: Held, messages: readonly TaskMessage[]): readonly TaskMessage[] {
    const { host, ledger } = this.#tools
    if (!isShared(host.settings)) return messages
    const body = decodeSignatureData(decodeJson(record.body))
    const size = record.sealedSize ?? unknownSize
    const whole = ledger.namesParts === true ? { ...body, chord_size: size } : body
    return messages.map((message) => withWholeBody(message, { id: record.id, body: whole }))
  }

  /** The chord's record, new or not; nothing when its body has ended and the record has gone since. */
  async #held(content: RecordContent, beforeRecord: () => Promise<void>): Promise<Held | undefined> {
    const { clock, host, ledger, records } = this.#tools
    const { id, bodyIds } = content
    const [known, bodies] = await Promise.all([records.get(id), host.endings(bodyIds)])
    if (known !== undefined) return sameBody(known, content)
    if (bodyIds.length > 0 && bodies.every((ending) => ending !== undefined)) return undefined
    await beforeRecord()
    const from = clock.now()
    await ledger.enter(id)
    const created = await records.create(content)
    // An entry that waited too long for its record may have been given up: then there is a second one.
    if (clock.now() - from > latestRecordMs) await ledger.enter(id)
    if (created !== undefined) return { ...created, isNew: true }
    const found = await records.get(id)
    return found === undefined ? undefined : sameBody(found, content)
  }

  /** What is left to start of a piece of a header; of a chord that is new that is everything. */
  async unfinished(held: Held, piece: Piece): Promise<readonly TaskMessage[]> {
    const { headerIds, first } = piece
    const { id } = held.record
    const messages = this.#named(held, piece.messages)
    const endings = await this.#tools.host.endings(headerIds)
    if (held.isNew === true && endings.every((ending) => ending === undefined)) return messages
    const filled = await this.#filled(id, first, headerIds)
    const isDone = (slot: number): boolean => filled[slot - first] === true || endings[slot - first] !== undefined
    return messages.filter((message) => !slotsOf(message, id).every(isDone))
  }

  /** Takes up the endings that were not told, and looks whether the chord is complete. */
  async #takeUp(chord: FrozenChord): Promise<void> {
    const { id, headerIds } = chord
    const [endings, filled] = await Promise.all([this.#tools.host.endings(headerIds), this.#filled(id, 0, headerIds)])
    for (const [slot, entry] of endings.entries()) {
      if (entry !== undefined && filled[slot] !== true) await this.#parts.record({ chord: id, slot, entry })
    }
    const held = await this.#tools.records.get(id)
    if (held !== undefined) await this.#parts.drive(held)
  }

  /** A body that has ended before its chord was started: a chord around it may not have been told. */
  async #returnBody({ body }: FrozenChord): Promise<void> {
    for (const { chord, slot, taskId } of placesIn(body)) {
      const [entry] = await this.#tools.host.endings([taskId])
      if (entry !== undefined) await this.#parts.record({ chord, slot, entry })
    }
  }

  /** Which slots are filled. Rejects with `conflict` when another task has filled one. */
  async #filled(id: string, first: number, headerIds: readonly string[]): Promise<readonly boolean[]> {
    const filled: boolean[] = []
    const range = { from: first, to: first + headerIds.length, values: false }
    for await (const page of this.#tools.ledger.entries({ id, size: range.to }, range)) {
      for (const entry of page) {
        if (entry !== undefined && entry.taskId !== headerIds[filled.length]) throw conflict(id, 'with other tasks')
        filled.push(entry !== undefined)
      }
    }
    return filled
  }

  #content(
    { id, body, bodyIds, options }: Omit<FrozenBody, 'node'>,
    rest: Pick<RecordContent, 'state' | 'size' | 'sizes'> & Partial<RecordContent>,
  ): RecordContent {
    const { clock, host } = this.#tools
    const { defaultDeadlineSeconds, maxDeadlineSeconds, tombstoneSeconds, fanOut } = host.settings
    const deadlineSeconds = options.deadlineSeconds ?? defaultDeadlineSeconds
    if (deadlineSeconds > maxDeadlineSeconds) {
      throw new TypeError(`The deadline of a chord is at most ${maxDeadlineSeconds} s away: raise maxDeadlineSeconds`)
    }
    if (isShared(host.settings)) checkShared(id, options)
    const now = clock.now()
    return {
      id,
      body: encodeJson(body),
      bodyIds,
      fanOut,
      policy: options.policy ?? 'waitAll',
      results: options.results ?? 'value',
      createdAt: now,
      deadline: now + deadlineSeconds * 1_000,
      lifetimeSeconds: deadlineSeconds + tombstoneSeconds,
      adds: {},
      attempt: 0,
      ...rest,
    }
  }
}

/** Whether a worker of Celery may be the one that completes a chord. */
function isShared({ peers, firing }: ChordSettings): boolean {
  return peers === 'celery' && firing === 'shared'
}

function checkShared(id: string, { policy = 'waitAll', results = 'value' }: ChordOptions): void {
  if (policy === 'waitAll' && results === 'value') return
  const what = policy === 'waitAll' ? 'results by reference' : 'policies'
  throw new BackendError('unsupported', `a worker of Celery that completes chord ${id} knows no ${what}: capture it`)
}

/** Some slots of a header, and what starts them. */
export interface Piece {
  readonly messages: readonly TaskMessage[]
  readonly headerIds: readonly string[]
  readonly first: number
}

/** Of a chord whose header is still being announced: no peer ever counts as far, so that it is fired here. */
const unknownSize = 2 ** 52

/** A record has to follow its entry in the registry this soon. */
const latestRecordMs = 60_000

function sameBody(held: Held, { id, body, policy }: RecordContent): Held {
  const { record } = held
  // Of a chord that is over only a tombstone is left.
  if (record.state === 'done') return held
  if (record.body !== body) throw conflict(id, 'with another body')
  if (encodeJson(record.policy) !== encodeJson(policy)) throw conflict(id, 'with another policy')
  return held
}

function conflict(id: string, how: string): BackendError {
  return new BackendError('conflict', `there is a chord ${id} already, ${how}: give this one another id`)
}
