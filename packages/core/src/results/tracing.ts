import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'

/** What a trace tells. Never a value, an argument or a result. */
export interface TraceContext {
  /** The method of `Results`, such as `storeResult`. */
  readonly operation: Operation
  /** The store's name, such as `redis`. */
  readonly backend: string
  readonly taskId?: string
  readonly groupId?: string
  /** How many ids or messages the operation is about. */
  readonly count?: number
  /** The state that is being stored. */
  readonly state?: string
}

/** Every operation has the channels `tracing:arpeggio.<operation>:start`, `end`, `asyncStart`, `asyncEnd` and `error`. */
const operations = [
  'storeResult',
  'updateState',
  'getTaskMeta',
  'getMany',
  'exists',
  'waitFor',
  'forget',
  'saveGroup',
  'getGroupMeta',
  'deleteGroup',
  'publish',
  'apply',
  'cleanup',
  'close',
] as const

export type Operation = (typeof operations)[number]

const channels = Object.fromEntries(
  operations.map((operation) => [operation, tracingChannel(`arpeggio.${operation}`)]),
) as Record<Operation, TracingChannel> // one entry per operation, made above

/** For operations that are so many that even the functions which `traced` takes count. */
export function isTraced(operation: Operation): boolean {
  return channels[operation].hasSubscribers
}

/** Runs an operation under its channels; costs one property read when nobody listens. */
export function traced<T>(
  operation: Operation,
  describe: () => Omit<TraceContext, 'operation'>,
  run: () => Promise<T>,
): Promise<T> {
  const channel = channels[operation]
  return channel.hasSubscribers ? published(channel, { operation, ...describe() }, run) : run()
}

/** `tracePromise` publishes what the promise resolves to, so the value travels around it. */
async function published<T>(channel: TracingChannel, context: object, run: () => Promise<T>): Promise<T> {
  const kept: { value?: T } = {}
  await channel.tracePromise(async () => {
    kept.value = await run()
  }, context)
  return kept.value as T // set when the line above did not throw
}
