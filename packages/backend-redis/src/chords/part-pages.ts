import { type Fold, type LedgerContext, PROPAGATE_STATES, type SlotEntry } from '@arpeggio/core'
import { listOf, type Reply, textOf } from '../client.ts'
import { scores } from './look-script.ts'
import { entryOf } from './member.ts'
import type { LedgerCalls } from './ledger-calls.ts'

/** So many parts are read at a time: well under a millisecond of the server. */
const pageParts = 1_000

/** So many pages are on their way while one is looked at. */
const pagesAhead = 3

/** What comes with the first look, by a script, takes the server several times as long as what a command reads. */
const firstParts = 100

/** A part as it stands in the set. */
export interface Standing {
  readonly member: string
  readonly score: number
}

/** Reads the parts of chords, never more than a page at a time. */
export class PartPages {
  readonly #calls: LedgerCalls
  readonly #retry: LedgerContext['retry']

  constructor(calls: LedgerCalls, retry: LedgerContext['retry']) {
    this.#retry = retry
    this.#calls = calls
  }

  /** As `entries`, without a look at a chord that is known to be complete, unless its parts are not where they belong. */
  async *whole(chord: string, size: number, [from, to]: Range): AsyncGenerator<readonly (SlotEntry | undefined)[]> {
    let at = from
    const nothingYet = { count: size, members: [], key: this.#calls.partsOf(chord) }
    for await (const page of this.#byRank(chord, [from, to], nothingYet)) {
      if (page.length > 0) yield page
      at += page.length
    }
    yield* this.entries(chord, size, [at, to])
  }

  /** Slots `from` to `to`, in slot order. */
  async *entries(chord: string, size: number, [from, to]: Range): AsyncGenerator<readonly (SlotEntry | undefined)[]> {
    if (from >= to) return
    const first = await this.#members(chord, from, Math.min(to, from + firstParts))
    if (first.count === size) yield* this.#byRank(chord, [from, to], first)
    else if (first.count < size) yield* this.#byScore(chord, [from, to])
    else yield* this.#distinct(chord, [from, to])
  }

  /** All of them are there. */
  async *#byRank(chord: string, [from, to]: Range, first: Members): AsyncGenerator<readonly (SlotEntry | undefined)[]> {
    let last: SlotEntry | undefined
    let at = from
    for await (const members of this.#ranges(first, [from, to])) {
      const entries = members.map(entryOf)
      yield namesOneTwice(entries, last) ? await this.#single(chord, at, at + entries.length) : entries
      last = entries.at(-1)
      at += entries.length
    }
  }

  /** Ends early where parts are missing. */
  async *#ranges({ key, members }: Members, [from, to]: Range): AsyncGenerator<readonly string[]> {
    yield members
    const ahead: { readonly length: number; readonly page: Promise<readonly string[]> }[] = []
    for (let at = from + members.length; ;) {
      while (at < to && ahead.length < pagesAhead) {
        const length = Math.min(to - at, at === from ? firstParts : pageParts)
        const page = this.#range(key, at, at + length)
        page.catch(() => undefined) // seen when it is its turn
        ahead.push({ length, page })
        at += length
      }
      const next = ahead.shift()
      const found = (await next?.page) ?? []
      if (found.length === 0 || found.length !== next?.length) return
      yield found
    }
  }

  /** A task may have two slots; twice in one it was repeated, which leaves another empty: whoever finds that counts again. */
  async #single(chord: string, from: number, to: number): Promise<readonly (SlotEntry | undefined)[]> {
    const before = Math.max(0, from - 1)
    const parts = await this.#page(chord, 'rank', before, to)
    const entries = parts.map(({ member }, index) => (isRepeat(parts, index) ? undefined : entryOf(member)))
    return entries.slice(from - before)
  }

  async *#byScore(chord: string, [from, to]: Range): AsyncGenerator<readonly (SlotEntry | undefined)[]> {
    for (let at = from; at < to; at += pageParts) {
      const end = Math.min(to, at + pageParts)
      const slots = Array.from<SlotEntry | undefined>({ length: end - at })
      const parts = await this.#page(chord, 'score', at, end)
      for (const { member, score } of parts) slots[score - at] ??= entryOf(member)
      yield slots
    }
  }

  /** Peers have repeated parts with other bytes: one of each task, in the order of slots. */
  async *#distinct(chord: string, [from, to]: Range): AsyncGenerator<readonly (SlotEntry | undefined)[]> {
    let entries: SlotEntry[] = []
    let slot = 0
    for await (const { entry } of this.tasks(chord)) {
      if (slot >= from && slot < to) entries.push(entry)
      slot += 1
      if (entries.length < pageParts) continue
      yield entries
      entries = []
    }
    const missing = Math.max(0, to - Math.max(from, slot))
    yield [...entries, ...Array.from<undefined>({ length: missing })]
  }

  /** In the order of a header in which several tasks have one slot; what was added to it comes last. */
  async *entriesOf(
    chord: string,
    taskIds: readonly string[],
    [from, to]: Range,
  ): AsyncGenerator<readonly (SlotEntry | undefined)[]> {
    const found = new Map<string, SlotEntry>()
    for await (const { entry } of this.tasks(chord)) found.set(entry.taskId, entry)
    const known = new Set(taskIds)
    const added = [...found.values()].filter(({ taskId }) => !known.has(taskId))
    yield [...taskIds.map((id) => found.get(id)), ...added].slice(from, to)
  }

  /** One of each task, with the members that say the same again. Repeats stand beside each other: they have one score. */
  async *tasks(chord: string): AsyncGenerator<TaskParts> {
    let run: Standing[] = []
    for (let at = 0; ; at += pageParts) {
      const parts = await this.#page(chord, 'rank', at, at + pageParts)
      for (const part of parts) {
        if (run[0] !== undefined && run[0].score !== part.score) {
          yield* tasksOf(run)
          run = []
        }
        run.push(part)
      }
      if (parts.length < pageParts) break
    }
    yield* tasksOf(run)
  }

  /** How many tasks have failed, and the lowest. Nothing when one is missing. */
  async fold(chord: string, size: number): Promise<Fold | undefined> {
    let [slot, failed] = [0, 0]
    let lowest: number | undefined
    for await (const { entry } of this.tasks(chord)) {
      if (PROPAGATE_STATES.has(entry.state)) {
        failed += 1
        lowest ??= slot
      }
      slot += 1
    }
    if (slot < size) return undefined
    return lowest === undefined ? { failed, large: 0 } : { failed, lowest, large: 0 }
  }

  /** Which slots below `size` are empty; where peers count, no more than are lacking. */
  async missing(chord: string, size: number, count: number): Promise<readonly number[]> {
    const filled = new Set<number>()
    for (let at = 0; at < count; at += pageParts) {
      const found = textOf(await this.#calls.script(chord, scores, [at, at + pageParts - 1]))
      for (const score of found.split(' ')) if (score !== '') filled.add(Number(score))
    }
    const empty = Array.from({ length: size }, (_, slot) => slot).filter((slot) => !filled.has(slot))
    return empty.slice(0, Math.max(0, size - count))
  }

  /** A page by rank, for the many chords in which nothing else is of interest. */
  async #members(chord: string, from: number, to: number): Promise<Members> {
    const [count, found, key] = listOf(await this.#read(chord, 'members', from, to))
    return { count: Number(count), members: listOf(found).map(textOf), key: textOf(key) }
  }

  async #range(key: string, from: number, to: number): Promise<readonly string[]> {
    const { layout } = this.#calls
    return listOf(await this.#retry(() => this.#calls.run(layout.range, [key, from, to - 1]))).map(textOf)
  }

  async #page(chord: string, by: 'rank' | 'score', from: number, to: number): Promise<readonly Standing[]> {
    const [, found] = listOf(await this.#read(chord, by, from, to))
    const list = listOf(found)
    const parts: Standing[] = []
    for (let at = 0; at < list.length; at += 2) parts.push({ member: textOf(list[at]), score: numberOf(list[at + 1]) })
    return parts
  }

  #read(chord: string, what: string, from: number, to: number): Promise<Reply> {
    return this.#retry(() => this.#calls.script(chord, this.#calls.scripts.page, [what, from, to]))
  }
}

type Range = readonly [from: number, to: number]

interface Members {
  /** How many there are in all. */
  readonly count: number
  readonly members: readonly string[]
  /** Where they are. */
  readonly key: string
}

export interface TaskParts {
  readonly entry: SlotEntry
  readonly repeats: readonly string[]
}

/** The parts of one score. Nobody knows which of two came first: a success does, else the lowest in order. */
function tasksOf(run: readonly Standing[]): readonly TaskParts[] {
  const tasks = new Map<string, { entry: SlotEntry; member: string; repeats: string[] }>()
  for (const { member } of run) {
    const entry = entryOf(member)
    const known = tasks.get(entry.taskId)
    if (known === undefined) tasks.set(entry.taskId, { entry, member, repeats: [] })
    else if (entry.state === 'SUCCESS' && known.entry.state !== 'SUCCESS') {
      known.repeats.push(known.member)
      Object.assign(known, { entry, member })
    } else known.repeats.push(member)
  }
  return [...tasks.values()]
}

function namesOneTwice(entries: readonly SlotEntry[], before: SlotEntry | undefined): boolean {
  let last = before?.taskId
  for (const { taskId } of entries) {
    if (taskId === last) return true
    last = taskId
  }
  return false
}

function isRepeat(parts: readonly Standing[], index: number): boolean {
  const [last, part] = [parts[index - 1], parts[index]]
  if (part === undefined || last === undefined || last.score !== part.score) return false
  return entryOf(last.member).taskId === entryOf(part.member).taskId
}

function numberOf(score: Reply | undefined): number {
  const text = textOf(score)
  return text === 'inf' ? Infinity : Number(text)
}
