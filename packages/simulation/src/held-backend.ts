import { MemoryBackend } from '@arpeggio/backend-memory'
import type {
  Backend,
  BackendLimits,
  Bulk,
  Clock,
  GuardedWrite,
  GuardOutcome,
  Key,
  Presence,
  SetOutcome,
  StateGuard,
  Stored,
  Write,
} from '@arpeggio/core'
import type { Calls } from './calls.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

/** What the simulated store may not be able to do: core then takes other ways. */
export type Ability = 'bulk' | 'clock' | 'guard' | 'presence'

export interface HeldBackendOptions {
  readonly world: World
  readonly calls: Calls
  readonly process: SimulatedProcess
  readonly lacks: ReadonlySet<Ability>
  /** What keys that only one process uses begin with. */
  readonly localPrefix?: string | undefined
}

/** The store as one process sees it: every call waits until the world lets it happen. */
export class HeldBackend implements Backend {
  readonly specVersion = 1
  readonly name = 'simulated'
  readonly limits: BackendLimits
  readonly presence?: Presence
  readonly bulk?: Bulk
  readonly guard?: StateGuard
  readonly clock?: Clock
  readonly #memory: MemoryBackend
  readonly #calls: Calls
  readonly #process: SimulatedProcess
  readonly #world: World
  readonly #localPrefix: string | undefined

  constructor({ world, calls, process, lacks, localPrefix }: HeldBackendOptions) {
    const memory = new MemoryBackend({ store: world.store })
    this.#memory = memory
    this.#calls = calls
    this.#process = process
    this.#world = world
    this.#localPrefix = localPrefix
    this.limits = memory.limits
    if (!lacks.has('presence')) this.presence = { exists: (keys) => this.#exists(keys) }
    if (!lacks.has('bulk')) this.bulk = { set: (writes) => this.#setMany(writes) }
    if (!lacks.has('guard')) this.guard = { set: (write) => this.#setGuarded(write) }
    if (!lacks.has('clock')) this.clock = { now: () => this.#now() }
  }

  get(key: Key): Promise<Stored | undefined> {
    return this.#hold(
      () => `get ${key}`,
      () => this.#memory.get(key),
      (entry) => this.#shown(key, entry),
    )
  }

  mget(keys: readonly Key[]): Promise<readonly (Stored | undefined)[]> {
    return this.#hold(
      () => `mget ${this.#world.list(keys, ' ')}`,
      () => this.#memory.mget(keys),
      (entries) =>
        this.#world.list(
          entries.map((entry, at) => this.#shown(keys[at] ?? '', entry)),
          ', ',
        ),
    )
  }

  set(write: Write): Promise<SetOutcome> {
    return this.#hold(
      () => `set ${this.#assignment(write)}`,
      () => this.#memory.set(write),
      outcome,
    )
  }

  delete(keys: readonly Key[]): Promise<void> {
    return this.#hold(
      () => `delete ${this.#world.list(keys, ' ')}`,
      () => this.#memory.delete(keys),
      () => 'gone',
    )
  }

  exceptionSafeToRetry(): boolean {
    return false
  }

  asUri(): string {
    return 'simulated://'
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #exists(keys: readonly Key[]): Promise<readonly boolean[]> {
    const apply = (): Promise<readonly boolean[]> => this.#memory.presence.exists(keys)
    return this.#hold(() => `exists ${this.#world.list(keys, ' ')}`, apply, this.#each(String))
  }

  #setMany(writes: readonly Write[]): ReturnType<Bulk['set']> {
    const label = (): string => `set ${writes.map((write) => this.#assignment(write)).join(' + ')}`
    return this.#hold(label, () => this.#memory.bulk.set(writes), this.#each(outcome))
  }

  #setGuarded(write: GuardedWrite): Promise<GuardOutcome> {
    const label = (): string => `set ${this.#assignment(write)} unless ${write.keep.join('/')}`
    const isLocal = this.#localPrefix !== undefined && write.key.startsWith(this.#localPrefix)
    return this.#calls.make({
      process: this.#process,
      target: 'store',
      label,
      isLocal,
      apply: () => this.#memory.guard.set(write),
      answer: ({ outcome }) => outcome,
    })
  }

  #now(): Promise<Date> {
    return this.#hold(
      () => 'clock',
      () => this.#memory.clock.now(),
      String,
    )
  }

  #each<Item>(one: (item: Item) => string): (items: readonly Item[]) => string {
    return (items) => this.#world.list(items.map(one), ', ')
  }

  #shown(key: Key, entry: Stored | undefined): string {
    return entry === undefined ? '–' : `${String(entry.value)} (version ${this.#version(key, entry.version)})`
  }

  #assignment({ key, value, if: condition }: Write): string {
    if (condition === undefined) return `${key} = ${String(value)}`
    const when = condition === 'absent' ? 'absent' : `version ${this.#version(key, condition)}`
    return `${key} = ${String(value)} if ${when}`
  }

  #version(key: Key, version: string): number | string {
    return this.#world.fingerprint?.version(key, version) ?? version
  }

  #hold<Answer>(
    label: () => string,
    apply: () => Promise<Answer>,
    answer: (answer: Answer) => string,
  ): Promise<Answer> {
    return this.#calls.make({ process: this.#process, target: 'store', label, apply, answer })
  }
}

function outcome(answer: { readonly written: boolean } | { readonly error: unknown }): string {
  if ('error' in answer) return String(answer.error)
  return answer.written ? 'written' : 'refused'
}
