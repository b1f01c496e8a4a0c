import type { ResultNode } from './result-tuple.ts'
import type { SignatureData } from './signature-data.ts'

/** A task to run, as a queue carries it. */
export interface TaskMessage {
  readonly id: string
  readonly task: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly rootId?: string
  readonly parentId?: string
  /** The group or chord it belongs to. Only `chord` says that it counts for one. */
  readonly group?: string
  readonly groupIndex?: number
  readonly retries?: number
  /** Absent means that the task's own setting decides. */
  readonly ignoreResult?: boolean
  readonly stamps?: Readonly<Record<string, unknown>>
  readonly stampedHeaders?: readonly string[]
  readonly callbacks?: readonly SignatureData[]
  readonly errbacks?: readonly SignatureData[]
  /** The steps that are left, in reverse: the next one is the last element. */
  readonly chain?: readonly SignatureData[]
  /** The body of the chord whose header this task is in. */
  readonly chord?: SignatureData
  /** The chord of whose body this task is part. */
  readonly bodyOf?: string
  readonly countdownSeconds?: number
  readonly queue?: string
  readonly priority?: number
  /** How often the task has been replaced by another under the same id. */
  readonly replacedTaskNesting?: number
}

/** A task that is being run: its message and what the worker knows. */
export interface TaskRequest extends TaskMessage {
  /** The worker's name, such as `celery@box`. */
  readonly hostname?: string
  readonly deliveryInfo?: DeliveryInfo
  /** What the task has spawned so far. */
  readonly children?: readonly ResultNode[]
}

export interface DeliveryInfo {
  readonly exchange?: string
  readonly routingKey?: string
  readonly priority?: number
  readonly redelivered?: boolean
}
