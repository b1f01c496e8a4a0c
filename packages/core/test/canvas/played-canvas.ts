import {
  decodeMessage,
  encodeMessage,
  freeze,
  signatureFromData,
  type Frozen,
  type FrozenChord,
  type TaskMessage,
} from '../../src/index.ts'

interface Playing {
  readonly chord: FrozenChord
  readonly slots: Map<number, string>
}

/** Runs a frozen call as workers would, without running tasks: each one results in its own id. */
export class PlayedCanvas {
  readonly ran: TaskMessage[] = []
  readonly chords = new Map<string, Playing>()
  readonly #queue: TaskMessage[] = []

  constructor(frozen: Frozen) {
    this.#begin(frozen)
    for (let message = this.#queue.shift(); message !== undefined; message = this.#queue.shift()) this.#run(message)
  }

  get ids(): readonly string[] {
    return this.ran.map(({ id }) => id)
  }

  #begin({ messages, chords }: Frozen): void {
    this.#queue.push(...messages)
    for (const chord of chords) {
      if (this.chords.has(chord.id)) throw new Error(`chord ${chord.id} begins twice`)
      this.chords.set(chord.id, { chord, slots: new Map() })
      this.#queue.push(...chord.messages)
      this.#look(chord.id)
    }
  }

  #run(queued: TaskMessage): void {
    const message = decodeMessage(JSON.parse(JSON.stringify(encodeMessage(queued))))
    const { id, chain = [], rootId = id } = message
    this.ran.push(message)
    const next = chain.at(-1)
    if (next !== undefined) {
      this.#begin(freeze(signatureFromData(next), { args: [id], rootId, parentId: id, chain: chain.slice(0, -1) }))
    }
    if (message.chord !== undefined) this.#fill(message)
  }

  #fill({ id, group = '', groupIndex = -1, chord, chain }: TaskMessage): void {
    const playing = this.chords.get(group)
    if (playing === undefined || playing.slots.has(groupIndex)) throw new Error(`${id} has no free slot`)
    if (chain !== undefined) throw new Error(`${id} is not the last task of its slot`)
    if (chord?.options['group_id'] !== group) throw new Error(`${id} carries the body of another chord`)
    playing.slots.set(groupIndex, id)
    this.#look(group)
  }

  #look(id: string): void {
    const playing = this.chords.get(id)
    if (playing?.slots.size !== playing?.chord.headerIds.length || playing === undefined) return
    const values = playing.chord.headerIds.map((_, slot) => playing.slots.get(slot))
    this.#begin(freeze(signatureFromData(JSON.parse(JSON.stringify(playing.chord.body))), { args: [values] }))
  }
}
