import type { Key, Stored, Write } from '../backend/value.ts'
import { batches } from '../store/batches.ts'
import type { KeyStore } from '../store/key-store.ts'
import { SameTick } from '../store/same-tick.ts'
import { decodeJson, encodeJson } from '../wire/json.ts'
import type { ChordKeys } from './chord-keys.ts'
import type { EntriesOptions, Part, Place } from './chord-ledger.ts'
import type { ChordRecord } from './chord-record.ts'
import { decodeEntry, encodeEntry, isFailure, shortened, type SlotEntry, textOf } from './slot-entry.ts'
import { decodeFold, type Fold, foldEntries, joinFolds } from './fold.ts'
import { SlotTree } from './slot-tree.ts'

/** `maybe`: the slot is filled as this call says, but perhaps it was before. */
type Filling = 'filled' | 'maybe' | 'duplicate' | 'conflict'

export interface Filled {
  readonly filling: Filling
  /** What is in the slot; a large value may not have been read. */
  readonly entry: SlotEntry
}

/** What a look at all slots found. */
export interface Glance {
  readonly isComplete: boolean
  readonly missing: readonly number[]
}

export interface LedgerLimits {
  /** A longer value has a key of its own. Bytes. */
  readonly inlineBytes: number
  /** How long markers live: longer than any record. */
  readonly lifetimeSeconds: number
}

/** So many slots are read, or their keys deleted, at a time. */
const pageSlots = 1_000

/**
 * Which slots of a chord are filled, over any store that can create a key if it is absent. A marker stands for a filled
 * slot, and a marker of a node for a full range of slots, so that whoever fills a slot finds out with a few bulk reads
 * whether it was the last. Markers are only ever created; any later touch of a node carries completion upwards again.
 */
export class SlotMarkers {
  readonly #keys: KeyStore
  readonly #names: ChordKeys
  readonly #limits: LedgerLimits
  readonly #looks: SameTick<Siblings> = new SameTick()
  readonly #climbs: SameTick<Climb> = new SameTick()

  constructor(keys: KeyStore, names: ChordKeys, limits: LedgerLimits) {
    this.#keys = keys
    this.#names = names
    this.#limits = limits
  }

  /** A part's marker, to be created if it is absent. A large value goes first: where there is a marker, there is its value. */
  async prepare({ chord, slot, entry: given }: Part): Promise<{ readonly write: Write; readonly entry: SlotEntry }> {
    const { inlineBytes, lifetimeSeconds: expiresInSeconds } = this.#limits
    const entry = isFailure(given) ? shortened(given, inlineBytes) : given
    const whole = encodeEntry(entry)
    const isLarge = whole.length > inlineBytes && !isFailure(entry)
    if (isLarge) await this.#create(this.#names.value(chord, slot), encodeJson(entry.value ?? null))
    const value = isLarge ? encodeEntry({ taskId: entry.taskId, state: entry.state }) : whole
    return { entry, write: { key: this.#names.marker(chord, slot), value, expiresInSeconds } }
  }

  /** Fills a slot unless it is filled. */
  async fill(part: Part): Promise<Filled> {
    const { entry, write } = await this.prepare(part)
    const creation = await this.#keys.create(write)
    if (creation === 'created') return { filling: 'filled', entry }
    const stored = await this.#keys.get(write.key)
    if (stored === undefined) return { filling: 'duplicate', entry } // gone since: the chord is over
    const present = decodeEntry(stored.value)
    if (present.taskId !== entry.taskId) return { filling: 'conflict', entry: present }
    return { filling: creation === 'maybe' ? 'maybe' : 'duplicate', entry: present }
  }

  /** Takes back what `fill` wrote into a chord that is over. Only for what it certainly wrote itself. */
  async clear(chord: string, slot: number): Promise<void> {
    await this.#keys.delete([this.#names.marker(chord, slot), this.#names.value(chord, slot)])
  }

  /** Whether the slots beside one are filled, asked for before the chord's size is known. */
  siblings(chord: string, slot: number, fanOut: number): Promise<Siblings> {
    const from = slot - (slot % fanOut)
    return this.#looks.run(`${from}:${chord}`, async () => {
      const slots = Array.from({ length: fanOut }, (_, at) => from + at)
      const filled = await this.#keys.exists(slots.map((sibling) => this.#names.marker(chord, sibling)))
      return { from, fanOut, filled }
    })
  }

  /** Carries completion upwards from a slot. */
  async climb(record: ChordRecord, slot: number, siblings?: Siblings): Promise<Climb> {
    const tree = new SlotTree(record.size, record.fanOut)
    if (slot >= record.size) return 'waits'
    const index = Math.floor(slot / tree.fanOut)
    const known = siblings?.fanOut === tree.fanOut ? siblings : undefined
    if ((await this.#absent(record, tree, { level: 1, index }, known)).length > 0) return 'waits'
    // Parts that come back together find the same node full.
    return await this.#climbs.run(`${index}:${record.size}:${record.id}`, () => this.#climbFrom(record, tree, index))
  }

  async #climbFrom(record: ChordRecord, tree: SlotTree, leaf: number): Promise<Climb> {
    let index = leaf
    for (let level = 1; level < tree.height; level += 1) {
      await this.#createNode(record, tree, { level, index })
      const isWhole = !tree.isCutOff(level, index)
      index = Math.floor(index / tree.fanOut)
      const absent = await this.#absent(record, tree, { level: level + 1, index })
      if (absent.length === 0) continue
      return isWhole && absent.some((sibling) => !tree.isCutOff(level, sibling)) ? 'waits' : 'depends'
    }
    return 'full'
  }

  /**
   * Looks from the root down, into what is not known to be full, and makes up for what a crash has left undone. Whoever
   * creates a node's marker looks at its neighbours afterwards, never before: a part that came meanwhile did the same.
   */
  async look(record: ChordRecord): Promise<Glance> {
    const tree = new SlotTree(record.size, record.fanOut)
    if (tree.size === 0) return { isComplete: true, missing: [] }
    for (;;) {
      const { missing, hasMended } = await this.#lookOnce(record, tree)
      if (missing.length === 0 || !hasMended) return { isComplete: missing.length === 0, missing }
    }
  }

  async #lookOnce(
    record: ChordRecord,
    tree: SlotTree,
  ): Promise<{ readonly missing: readonly number[]; readonly hasMended: boolean }> {
    const visited: (readonly Visited[])[] = []
    let entries: readonly number[] = [0]
    for (let level = tree.height; level >= 1; level -= 1) {
      const nodes = await this.#visit(record, tree, level, entries)
      visited.push(nodes)
      entries = nodes.flatMap(({ absent }) => absent)
    }
    return { missing: entries, hasMended: await this.#mend(record, tree, visited) }
  }

  /** What is in the slots, page by page in slot order; `undefined` for an empty one. Large values only if asked for. */
  async *entries(
    record: Place,
    { from = 0, to = record.size, values = true }: EntriesOptions = {},
  ): AsyncGenerator<readonly (SlotEntry | undefined)[]> {
    for (let first = from; first < to; first += pageSlots) {
      const slots = Array.from({ length: Math.min(pageSlots, to - first) }, (_, at) => first + at)
      const markers = await this.#keys.mget(slots.map((slot) => this.#names.marker(record.id, slot)))
      const entries = markers.map((stored) => (stored === undefined ? undefined : decodeEntry(stored.value)))
      yield values ? await this.#withValues(record, first, entries) : entries
    }
  }

  /** How many slots have failed, and the lowest, from the markers right below the root. Nothing when one is missing. */
  async fold(record: ChordRecord): Promise<Fold | undefined> {
    const tree = new SlotTree(record.size, record.fanOut)
    return tree.size === 0 ? joinFolds([]) : await this.#foldOf(record, tree, { level: tree.height, index: 0 })
  }

  /** Removes everything there is of the slots. */
  async remove(record: ChordRecord, hasLargeValues: boolean): Promise<void> {
    let keys: Key[] = []
    for (const key of this.#everyKey(record, hasLargeValues)) {
      keys.push(key)
      if (keys.length < pageSlots) continue
      await this.#keys.delete(keys)
      keys = []
    }
    if (keys.length > 0) await this.#keys.delete(keys)
  }

  *#everyKey({ id, size, sizes, fanOut }: ChordRecord, hasLargeValues: boolean): Generator<Key> {
    for (let slot = 0; slot < size; slot += 1) {
      yield this.#names.marker(id, slot)
      if (hasLargeValues) yield this.#names.value(id, slot)
    }
    const nodes = new Set<Key>()
    for (const each of sizes) {
      for (const place of new SlotTree(each, fanOut).places()) nodes.add(this.#names.node(id, place))
    }
    yield* nodes
  }

  /** Which children of a node have no marker. */
  async #absent(record: ChordRecord, tree: SlotTree, node: Node, known?: Siblings): Promise<readonly number[]> {
    const [from, to] = tree.children(node.level, node.index)
    const isThere =
      known?.from === from
        ? known.filled.slice(0, to - from)
        : await this.#keys.exists(this.#childKeys(record, tree, node))
    return isThere.flatMap((is, at) => (is ? [] : [from + at]))
  }

  /** One level of a look: which children of some nodes are not known to be full. */
  async #visit(
    record: ChordRecord,
    tree: SlotTree,
    level: number,
    nodes: readonly number[],
  ): Promise<readonly Visited[]> {
    const keys = nodes.map((index) => this.#childKeys(record, tree, { level, index }))
    const answers = await this.#keys.exists(keys.flat())
    let at = 0
    return nodes.map((index, position) => {
      const [from] = tree.children(level, index)
      const isThere = answers.slice(at, (at += keys[position]?.length ?? 0))
      return { level, index, absent: isThere.flatMap((is, child) => (is ? [] : [from + child])) }
    })
  }

  /** Creates the markers of nodes that turned out to be full, from the slots upwards. */
  async #mend(record: ChordRecord, tree: SlotTree, visited: readonly (readonly Visited[])[]): Promise<boolean> {
    const full = new Set<string>()
    for (const { level, index, absent } of visited.toReversed().flat()) {
      const isFull = absent.every((child) => level > 1 && full.has(`${level - 1}:${child}`))
      if (!isFull || level === tree.height) continue
      if (await this.#createNode(record, tree, { level, index })) full.add(`${level}:${index}`)
    }
    return full.size > 0
  }

  async #createNode(record: ChordRecord, tree: SlotTree, node: Node): Promise<boolean> {
    // The body of a chord by reference must be found out without reading all slots: nodes tell of failures below them.
    const fold = record.results === 'reference' ? await this.#foldOf(record, tree, node) : undefined
    if (record.results === 'reference' && fold === undefined) return false
    const key = this.#names.node(record.id, tree.place(node.level, node.index))
    await this.#create(key, fold === undefined ? '1' : encodeJson(fold))
    return true
  }

  async #foldOf(record: ChordRecord, tree: SlotTree, node: Node): Promise<Fold | undefined> {
    const [from] = tree.children(node.level, node.index)
    const stored = await this.#keys.mget(this.#childKeys(record, tree, node))
    if (!areThere(stored)) return undefined
    if (node.level > 1) return joinFolds(stored.map(({ value }) => decodeFold(textOf(value))))
    return foldEntries(
      from,
      stored.map(({ value }) => decodeEntry(value)),
    )
  }

  #childKeys({ id }: ChordRecord, tree: SlotTree, { level, index }: Node): readonly Key[] {
    const [from, to] = tree.children(level, index)
    return Array.from({ length: to - from }, (_, at) =>
      level === 1 ? this.#names.marker(id, from + at) : this.#names.node(id, tree.place(level - 1, from + at)),
    )
  }

  async #withValues(
    { id }: Pick<ChordRecord, 'id'>,
    first: number,
    entries: readonly (SlotEntry | undefined)[],
  ): Promise<readonly (SlotEntry | undefined)[]> {
    const large = entries.flatMap((entry, at) => (entry?.isLarge === true ? [at] : []))
    if (large.length === 0) return entries
    const filled = [...entries]
    for (const some of batches(large, 100)) {
      const values = await this.#keys.mget(some.map((at) => this.#names.value(id, first + at)))
      for (const [position, at] of some.entries()) {
        const entry = entries[at]
        const stored = values[position]
        // A value that has vanished takes its marker with it: both live equally long.
        filled[at] =
          entry === undefined || stored === undefined
            ? undefined
            : { ...entry, value: decodeJson(textOf(stored.value)) }
      }
    }
    return filled
  }

  #create(key: Key, value: string): ReturnType<KeyStore['create']> {
    return this.#keys.create({ key, value, expiresInSeconds: this.#limits.lifetimeSeconds })
  }
}

/**
 * How far completion could be carried. `waits`: to a node below which something is missing, and whoever adds that looks
 * after it. `depends`: so far as the size goes that was read; of what is made or missing at its edge a chord that has grown
 * knows nothing.
 */
export type Climb = 'full' | 'waits' | 'depends'

/** Whether the slots of one range are filled. */
export interface Siblings {
  readonly from: number
  readonly fanOut: number
  readonly filled: readonly boolean[]
}

interface Node {
  readonly level: number
  readonly index: number
}

interface Visited extends Node {
  /** Children without a marker. */
  readonly absent: readonly number[]
}

function areThere(stored: readonly (Stored | undefined)[]): stored is readonly Stored[] {
  return stored.every((one) => one !== undefined)
}
