import { BackendError } from '../backend/backend-error.ts'
import type { ChordShape, Frozen, FrozenHeader } from '../canvas/frozen.ts'
import type { ChordParts } from './chord-parts.ts'
import type { Held } from './chord-record.ts'
import type { ChordStarter } from './chord-starter.ts'
import { HeaderDigest, type HeaderPages, pageIds } from './header-pages.ts'

/** A chord's header on its way, piece by piece. The size is given at the end, so that nothing is complete before. */
export class Announcement {
  readonly #held: Held
  readonly #tools: AnnouncementTools
  readonly #digest = new HeaderDigest()
  /** Ids that do not fill a page yet. */
  #ids: string[] = []
  #size = 0
  #shape: (1 | ChordShape)[] | undefined

  constructor(held: Held, tools: AnnouncementTools) {
    this.#held = held
    this.#tools = tools
  }

  /** Whether nobody has announced this chord before. */
  get isNew(): boolean {
    return this.#held.isNew === true
  }

  /** How many slots have been announced. */
  get size(): number {
    return this.#size
  }

  /** Starts a piece of the header. What an earlier announcement of the same chord has brought to an end is left out. */
  async add(header: FrozenHeader): Promise<void> {
    const { headerIds, shape } = header
    if (shape !== undefined) this.#shape ??= Array.from({ length: this.#size }, () => 1)
    this.#shape?.push(...(shape ?? headerIds.map(() => 1 as const)))
    this.#digest.add(headerIds)
    this.#ids.push(...headerIds)
    const first = this.#size
    this.#size += headerIds.length
    const whole = this.#ids.length - (this.#ids.length % pageIds)
    if (whole > 0) await this.#keep(this.#ids.splice(0, whole))
    await this.#compare(first, headerIds)
    const messages = await this.#tools.starter.unfinished(this.#held, { ...header, first })
    const root = { id: this.#held.record.id, members: header.members }
    await this.#tools.start([{ messages, chords: header.chords, root }])
  }

  /** A header that was sealed before must be the same again, before anything of it starts. */
  async #compare(first: number, ids: readonly string[]): Promise<void> {
    const { record } = this.#held
    if (record.state !== 'sealed') return
    this.#known ??= await this.#tools.pages.ids(record)
    const known = this.#known
    // An id that is not known any more was cleaned up meanwhile: the chord is over.
    if (ids.every((id, at) => first + at < record.size && (known[first + at] ?? id) === id)) return
    throw new BackendError(
      'conflict',
      `there is a chord ${record.id} already, with other tasks: give this one another id`,
    )
  }

  async seal(): Promise<void> {
    await this.#keep(this.#ids.splice(0))
    const shape = this.#shape === undefined ? {} : { shape: this.#shape }
    await this.#tools.parts.seal(this.#held.record.id, { size: this.#size, header: String(this.#digest), ...shape })
  }

  #kept = 0
  #known: readonly (string | undefined)[] | undefined

  async #keep(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    await this.#tools.pages.write(this.#held.record.id, this.#kept, ids)
    this.#kept += ids.length
  }
}

export interface AnnouncementTools {
  readonly pages: HeaderPages
  readonly parts: ChordParts
  readonly starter: ChordStarter
  readonly start: (frozen: readonly Frozen[]) => Promise<void>
}
