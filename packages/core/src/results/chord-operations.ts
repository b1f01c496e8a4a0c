import type { ChordInspection } from '../chords/chord-inspection.ts'
import type { SweepReport } from '../chords/chord-sweep.ts'
import type { Chords } from '../chords/chords.ts'
import { freezeHeader, freezeStreamed } from '../canvas/freeze-streamed.ts'
import type { ChordOptions } from '../canvas/chord-options.ts'
import { freeze } from '../canvas/freeze.ts'
import type { Frozen, FrozenBody } from '../canvas/frozen.ts'
import { type AnySignature, Signature } from '../canvas/signature.ts'
import { wireChordOptions } from '../canvas/wire-chord-options.ts'
import type { StreamedChord } from '../canvas/streamed-chord.ts'
import type { Scheduler } from '../store/scheduler.ts'
import type { ResultNode } from '../wire/result-tuple.ts'
import { pieces } from './pieces.ts'
import type { AnyResult } from './result-source.ts'

/** So many members of a header are started at a time. */
const pieceMembers = 1_000

export interface ChordOperationsHost {
  readonly chords: Chords
  readonly scheduler: Scheduler
  readonly resultOf: (node: ResultNode) => AnyResult
  readonly start: (frozen: readonly Frozen[]) => Promise<void>
}

/** What can be done with chords beside applying them: `results.chords`. */
export class ChordOperations {
  readonly #host: ChordOperationsHost
  readonly #chords: Chords

  constructor(host: ChordOperationsHost) {
    this.#host = host
    this.#chords = host.chords
  }

  /** All that is known of a chord, which slots are empty among it. Rejects with `not-found`. */
  inspect(id: string): Promise<ChordInspection> {
    return this.#chords.inspect(id)
  }

  /** The chords that are not over, one after the other. */
  listOpen(): AsyncIterable<ChordInspection> {
    return this.#chords.listOpen()
  }

  /**
   * Adds parts to a chord that still waits for some, and starts them. The same `addId` again adds nothing, so that a task
   * that is delivered twice adds its parts once. Rejects with `conflict` when the chord takes no more parts.
   */
  async add(id: string, addId: string, members: readonly AnySignature[]): Promise<readonly AnyResult[]> {
    const { record } = await this.#chords.get(id)
    const at = { id, body: this.#chords.bodyOf(record), member: 0, addition: addId }
    // The ids do not depend on the slots, which are known only once there is room.
    const { headerIds } = freezeHeader(members, { ...at, slot: 0 })
    const { first } = await this.#chords.grow(id, addId, headerIds)
    const header = freezeHeader(members, { ...at, slot: first })
    const { chords, members: nodes } = header
    const messages = await this.#chords.unfinished(id, first, header)
    await this.#host.start([{ messages, chords, root: { id, members: nodes } }])
    // What has ended before was perhaps not told.
    if (messages.length < header.messages.length) await this.#chords.bringOn(id)
    return nodes.map((node) => this.#host.resultOf(node))
  }

  /** Ends a chord with an error instead of its body. Resolves to false when its outcome was decided already. */
  cancel(id: string, reason = 'cancelled'): Promise<boolean> {
    return this.#chords.cancel(id, reason)
  }

  /**
   * Gives captured chords back to Celery's workers: before the last process of this library goes for good, because nobody
   * else would fire them. Resolves to how many.
   */
  release(): Promise<number> {
    return this.#chords.release()
  }

  /** Brings on every chord that nobody else does any more. Happens by itself in processes that have a publisher. */
  sweep(): Promise<SweepReport> {
    return this.#chords.sweep()
  }

  /** Makes a chord known whose header somebody else publishes. */
  async create(id: string, headerIds: readonly string[], body: AnySignature, options?: ChordOptions): Promise<void> {
    const header = new Signature({ task: 'celery.chord', kind: 'chord', tasks: [], body })
    const named = header.with({ options: wireChordOptions({ ...options, id }) })
    const { chords, root } = freeze(named)
    const [chord] = chords
    if (chord === undefined) return
    const parent = { id, members: headerIds.map((taskId) => ({ id: taskId })) }
    const known = { ...chord, headerIds, root: { ...chord.root, parent } }
    await this.#host.start([{ messages: [], chords: [known], root }])
  }

  /** Starts a chord whose header is read meanwhile. Resolves when all of it is on its way. */
  async applyStreamed(chord: StreamedChord): Promise<FrozenBody> {
    const frozen = freezeStreamed(chord)
    const { id, body } = frozen
    const announcement = await this.#chords.announce(frozen)
    if (announcement === undefined) return frozen
    let member = 0
    for await (const piece of pieces(chord.header, pieceMembers, this.#host.scheduler)) {
      const header = freezeHeader(piece, { id, body, slot: announcement.size, member })
      await announcement.add(header)
      member += piece.length
    }
    await announcement.seal()
    // Parts may have ended without telling when this was announced before.
    if (!announcement.isNew) await this.#chords.bringOn(id)
    return frozen
  }
}
