import { type Backend, type BackendLimits, type CallOptions, wrap } from '../../src/index.ts'
import type { Readable } from '../../src/results/waiting/waiting-source.ts'
import { type Snapshot, Waiting, type WaitingOptions } from '../../src/results/waiting/waiting.ts'
import { jsonCodec } from '../../src/wire/codec.ts'
import { Keys } from '../../src/wire/keys.ts'
import { buildTaskMeta, decodeTaskMeta, encodeTaskMeta, type TaskMeta } from '../../src/wire/task-meta.ts'
import { MapBackend } from '../map-backend.ts'
import { VirtualTime } from './virtual-time.ts'

export interface RigOptions extends Partial<Omit<WaitingOptions, 'scheduler'>> {
  readonly limits?: Partial<BackendLimits>
  /** What the backend shows; by default all of the map, without its revision. */
  readonly show?: (map: MapBackend) => Backend
  /** Called with the ids of every bulk read before it happens. */
  readonly onRead?: (ids: readonly string[]) => void | Promise<void>
  /** Called after a read has looked and before it answers. */
  readonly onLooked?: (ids: readonly string[]) => void | Promise<void>
  /** Whether notifications are used as they are; otherwise everything is read again. */
  readonly usesPayload?: boolean
}

/** Everything of waiting but `Results`: a map as the store, Celery's documents in it, and virtual time. */
export class WaitingRig {
  readonly time = new VirtualTime()
  readonly map: MapBackend
  readonly waiting: Waiting
  readonly keys = new Keys()
  /** How many ids each bulk read asked for. */
  readonly reads: number[] = []

  constructor(options: RigOptions = {}) {
    this.map = new MapBackend({ now: () => this.time.now(), limits: { pollFloorMs: 5, ...options.limits } })
    const backend = options.show?.(this.map) ?? wrap(this.map, { revision: undefined })
    const source = {
      backend,
      keyOf: (id: string) => this.keys.task(id),
      idOf: (key: string) => this.keys.taskIdOf(key),
      read: async (wanted: readonly Readable[], call?: CallOptions) => {
        const ids = wanted.map(({ id }) => id)
        this.reads.push(ids.length)
        await options.onRead?.(ids)
        const keys = wanted.map(({ key }) => key)
        const found = await backend.mget(keys, call)
        await options.onLooked?.(ids)
        return found.map((stored): Snapshot => {
          if (stored === undefined) return {}
          try {
            return { meta: decodeTaskMeta(stored.value, jsonCodec), stored }
          } catch (error) {
            return { stored, error }
          }
        })
      },
      decode: (_id: string, value: string | Uint8Array) => {
        try {
          return options.usesPayload === false ? undefined : decodeTaskMeta(value, jsonCodec)
        } catch {
          return undefined
        }
      },
    }
    this.waiting = new Waiting(source, { defaultTimeoutMs: 86_400_000, ...options, scheduler: this.time })
  }

  /** As another process would. */
  async store(id: string, state = 'SUCCESS', result: unknown = id, expiresInSeconds?: number): Promise<void> {
    const value = encodeTaskMeta({ ...buildTaskMeta({ id, state, result }), task_id: id }, jsonCodec)
    await this.map.set({
      key: this.keys.task(id),
      value,
      ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
    })
  }

  async remove(id: string): Promise<void> {
    await this.map.delete([this.keys.task(id)])
  }
}

/** What nobody tells of: a store whose events are lost. */
export function silent(map: MapBackend): Backend {
  const { notifications } = map
  return wrap(map, {
    revision: undefined,
    notifications: {
      open: (listener) => notifications.open((event) => event.type === 'gap' && listener(event)),
    },
  })
}

/** A store that pushes nothing. */
export function polled(map: MapBackend): Backend {
  return wrap(map, { notifications: undefined, revision: undefined })
}

export function meta(id: string, state = 'SUCCESS', result: unknown = id): TaskMeta {
  return { taskId: id, status: state, result, traceback: null, children: null }
}

export const nothingHeld = { waiters: 0, ids: 0, subscriptions: 0, timers: 0 }

export function ids(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `id-${index}`)
}

/** The error that a wait ends with, handled from now on. */
export async function endOf(wait: Promise<unknown> | undefined): Promise<unknown> {
  try {
    await wait
  } catch (error) {
    return error
  }
  return undefined
}
