import { BackendError } from '../backend/backend-error.ts'
import type { Backend, GuardedWrite, GuardOutcome } from '../backend/backend.ts'
import type { CallOptions, Key, Stored, Value } from '../backend/value.ts'
import { storedFormat } from '../wire/stored-format.ts'
import { decodeTaskMeta, stateOf, type TaskMeta } from '../wire/task-meta.ts'
import { keptStates, type State } from '../wire/states.ts'
import type { SlotEntry } from '../chords/slot-entry.ts'
import { KeyStore } from '../store/key-store.ts'
import type { Retry } from '../store/retry.ts'
import { Turns } from '../store/turns.ts'
import { endingOf } from './endings.ts'
import type { Settings } from './settings.ts'

export interface Document {
  readonly id: string
  readonly key: Key
  readonly value: Value
  readonly state: State
  readonly expiresInSeconds: number | undefined
}

interface Text {
  readonly key: Key
  readonly value: Value
  /** Default: as long as results are kept. */
  readonly expiresInSeconds?: number | undefined
}

/** Writes as the ability of this name does. */
export type Guard = (write: GuardedWrite, options?: CallOptions) => Promise<GuardOutcome>

interface Trial {
  readonly guard: Guard | undefined
  readonly options: CallOptions | undefined
}

interface Comparison {
  /** What the store answered already. */
  readonly stored?: Stored
  readonly options: CallOptions | undefined
}

/** So many lost races in a row mean that something else is wrong. */
const maxRaces = 1_000

/** Documents under keys: sizes, codecs, retries, batches and the precedence of states. */
export class DocumentStore {
  readonly settings: Settings
  readonly backend: Backend
  readonly retry: Retry
  readonly keys: KeyStore
  readonly #turns = new Turns()
  readonly #isAccepted: boolean

  constructor(settings: Settings, keys: KeyStore) {
    this.settings = settings
    this.#isAccepted = settings.accept.includes(settings.codec.name)
    this.backend = settings.backend
    this.retry = keys.retry
    this.keys = keys
  }

  taskKey(id: string): Key {
    return this.#fittingKey(this.settings.keys.task(id))
  }

  groupKey(id: string): Key {
    return this.#fittingKey(this.settings.keys.group(id))
  }

  /** What the codec makes of a document, when the store can take it. */
  encode(document: unknown): Value {
    return this.fitting(this.settings.codec.encode(document))
  }

  fitting(value: Value): Value {
    const { maxValueBytes } = this.backend.limits
    if (isOver(value, maxValueBytes)) {
      throw new BackendError('too-large', `the document is over ${maxValueBytes} bytes, the store's limit`)
    }
    return value
  }

  decode(id: string, value: Value): TaskMeta {
    const { codec, exceptions } = this.settings
    if (!this.#isAccepted) {
      throw new BackendError('unreadable', `documents in ${codec.name} may not be read here: accept lacks it`)
    }
    return decodeTaskMeta(value, codec, { registry: exceptions, taskId: id })
  }

  /** What is stored for tasks that have ended. What cannot be read counts as not ended: others may be able to. */
  async endings(ids: readonly string[]): Promise<readonly (SlotEntry | undefined)[]> {
    const stored = await this.mget(ids.map((id) => this.taskKey(id)))
    return ids.map((id, at) => {
      const value = stored[at]?.value
      try {
        return value === undefined ? undefined : endingOf(id, value, this.settings.codec)
      } catch {
        return undefined
      }
    })
  }

  get(key: Key, options?: CallOptions): Promise<Stored | undefined> {
    return this.keys.get(key, options)
  }

  mget(keys: readonly Key[], options?: CallOptions): Promise<readonly (Stored | undefined)[]> {
    return this.keys.mget(keys, options)
  }

  /** Writes whatever is there. */
  async set({ key, value, expiresInSeconds }: Text, options?: CallOptions): Promise<void> {
    const expiry = expiring(expiresInSeconds ?? this.settings.expiresInSeconds)
    await this.keys.set({ key, value, ...expiry }, options)
  }

  delete(keys: readonly Key[], options?: CallOptions): Promise<void> {
    return this.keys.delete(keys, options)
  }

  /** Writes unless the stored state takes precedence; resolves to what was kept, or to nothing when the write happened. */
  put(document: Document, options?: CallOptions, guard: Guard | undefined = this.#guard): Promise<Stored | undefined> {
    const keep = keptStates(document.state, this.settings.precedence)
    let isAmbiguous = false
    return this.retry.run(async () => {
      try {
        const kept = await this.#tryPut(document, keep, { guard, options })
        // A write whose answer was lost may meet itself.
        return kept !== undefined && isAmbiguous && isSame(kept.value, document.value) ? undefined : kept
      } catch (error) {
        isAmbiguous ||= !BackendError.is(error, 'unavailable')
        throw error
      }
    }, options)
  }

  get #guard(): Guard | undefined {
    const { guard } = this.backend
    return guard && ((write, options) => guard.set(write, options))
  }

  async #tryPut(document: Document, keep: readonly string[], { guard, options }: Trial): Promise<Stored | undefined> {
    const { key, value } = document
    const expiry = expiring(document.expiresInSeconds)
    if (guard !== undefined) {
      const answer = await guard({ key, value, keep, ...expiry }, options)
      if (answer.outcome === 'written') return undefined
      return answer.outcome === 'kept'
        ? answer.stored
        : this.#compare(document, keep, { stored: answer.stored, options })
    }
    const first = await this.keys.writes.set({ key, value, if: 'absent', ...expiry }, options)
    if (first.written) return undefined
    const { stored } = first
    return this.#turns.take(key, (waited) =>
      this.#compare(document, keep, { options, ...(!waited && stored && { stored }) }),
    )
  }

  /** Reads, decides, and writes over exactly what was read, until nobody comes in between. */
  async #compare(document: Document, keep: readonly string[], start: Comparison): Promise<Stored | undefined> {
    const { id, key } = document
    const { options } = start
    let stored = start.stored ?? (await this.keys.reads.get(key, options))
    for (let race = 1; race <= maxRaces; race += 1) {
      if (stored !== undefined && keep.includes(this.#stateIn(id, stored.value) ?? '')) return stored
      if (await this.#replaces(document, stored, options)) return undefined
      if (race > 3) await this.retry.pause(this.retry.jitter({ baseSleepMs: 1, maxSleepMs: 50 }, race), options?.signal)
      stored = await this.keys.reads.get(key, options)
    }
    throw new BackendError('conflict', `the result of task ${id} is written too often to be replaced`)
  }

  async #replaces(document: Document, stored: Stored | undefined, options?: CallOptions): Promise<boolean> {
    const { key, value, expiresInSeconds } = document
    const condition = { if: stored?.version ?? 'absent' }
    return (await this.keys.writes.set({ key, value, ...condition, ...expiring(expiresInSeconds) }, options)).written
  }

  /** The state of a stored document; nothing for bytes that are no result at all; `unreadable` for somebody's that we cannot read. */
  #stateIn(id: string, value: Value): State | undefined {
    const state = stateOf(value)
    if (state !== undefined) return state
    try {
      return decodeTaskMeta(value, this.settings.codec, { taskId: id }).status
    } catch (error) {
      if (storedFormat(value) !== undefined) {
        const reason = `what is stored for task ${id} looks like a result that cannot be read here; it is left untouched`
        throw new BackendError('unreadable', reason, { cause: error })
      }
      this.settings.warn(`what is stored for task ${id} is no result; it counts as absent and is replaced`)
      return undefined
    }
  }

  #fittingKey(key: Key): Key {
    const { maxKeyBytes } = this.backend.limits
    if (!isOver(key, maxKeyBytes)) return key
    throw new BackendError('too-large', `the key is over ${maxKeyBytes} bytes, the store's limit: use a shorter id`)
  }
}

/** Counts only what may be too long: a UTF-16 unit has at most three bytes in UTF-8. */
function isOver(value: Value, bytes: number): boolean {
  if (typeof value !== 'string') return value.byteLength > bytes
  return value.length * 3 > bytes && Buffer.byteLength(value) > bytes
}

function isSame(stored: Value, written: Value): boolean {
  if (typeof stored === 'string' && typeof written === 'string') return stored === written
  return Buffer.compare(Buffer.from(stored), Buffer.from(written)) === 0
}

function expiring(seconds: number | undefined): { readonly expiresInSeconds?: number } {
  return seconds === undefined ? {} : { expiresInSeconds: seconds }
}
