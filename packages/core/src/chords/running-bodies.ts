import type { TaskMessage } from '../wire/task-request.ts'
import type { ChordRecord } from './chord-record.ts'
import type { ChordTools } from './dispatcher.ts'

/**
 * The bodies that a queue of this process holds or runs, whose messages end with the process: as long as it lives it
 * renews their leases, so that nobody publishes them again.
 */
export class RunningBodies {
  readonly #tools: ChordTools
  readonly #onEnd: (chord: string, bodyId: string) => Promise<unknown>
  /** The tasks of each body that have not ended. */
  readonly #unfinished = new Map<string, Set<string>>()
  readonly #held = new Set<string>()
  #timer: unknown
  #isClosed = false

  constructor(tools: ChordTools, onEnd: (chord: string, bodyId: string) => Promise<unknown>) {
    this.#tools = tools
    this.#onEnd = onEnd
  }

  /** Called before tasks are published whose end a chord waits for: they may end before anybody knows that they were. */
  starting(chord: string, taskIds: readonly string[]): void {
    this.#unfinished.set(chord, new Set(taskIds))
  }

  /** Whether all tasks of a body that this process has published have ended here. */
  haveEnded({ id }: ChordRecord): boolean {
    return this.#unfinished.get(id)?.size === 0
  }

  /** Renews the lease from now on, until the body ends. */
  hold({ id }: ChordRecord): void {
    if (this.#isClosed || !this.#unfinished.has(id)) return
    this.#held.add(id)
    this.#schedule()
  }

  forget(chord: string): void {
    this.#unfinished.delete(chord)
    this.#held.delete(chord)
  }

  async ended(message: TaskMessage): Promise<void> {
    const { id, bodyOf: chord } = message
    if (chord === undefined) return
    const unfinished = this.#unfinished.get(chord)
    unfinished?.delete(id)
    if (unfinished !== undefined && unfinished.size > 0) return
    this.#held.delete(chord)
    await this.#onEnd(chord, id)
  }

  async lost({ bodyOf: chord }: TaskMessage): Promise<void> {
    if (chord === undefined || !this.#unfinished.delete(chord)) return
    await this.#leaseUntil(chord, this.#tools.clock.now())
    this.#held.delete(chord)
  }

  /** Gives the leases back: what this process held of the bodies ends with it, and others may publish them at once. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#tools.host.scheduler.clearTimeout(this.#timer)
    await Promise.all([...this.#held].map((chord) => this.#leaseUntil(chord, this.#tools.clock.now())))
    this.#held.clear()
  }

  #schedule(): void {
    const { host } = this.#tools
    if (this.#timer !== undefined || this.#held.size === 0) return
    const renew = (): void => void this.#renew()
    this.#timer = host.scheduler.setTimeout(renew, (host.settings.leaseSeconds * 1_000) / 3)
    host.scheduler.unref?.(this.#timer)
  }

  async #renew(): Promise<void> {
    const { clock, host } = this.#tools
    const until = clock.now() + host.settings.leaseSeconds * 1_000
    await Promise.all([...this.#held].map((chord) => this.#leaseUntil(chord, until)))
    this.#timer = undefined
    this.#schedule()
  }

  async #leaseUntil(chord: string, until: number): Promise<void> {
    const { owner, records } = this.#tools
    try {
      const held = await records.get(chord)
      const isOurs = held?.record.state === 'published' && held.record.lease?.owner === owner
      if (held === undefined || !isOurs) this.#held.delete(chord)
      else await records.replace(held, { lease: { owner, until } })
    } catch {
      // a store that is away for longer than the lease costs one more run of the body, under the same id
    }
  }
}
