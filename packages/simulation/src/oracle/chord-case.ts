/** What the store says about a chord, as it is written there: read here anew, so that core's own reading is not trusted. */
export interface RecordText {
  readonly id: string
  readonly state: 'open' | 'sealed' | 'dispatching' | 'published' | 'done'
  readonly rev: number
  readonly createdAt: number
  readonly deadline: number
  readonly sealedSize?: number
  readonly header?: string
  readonly size: number
  readonly adds: Readonly<Record<string, { readonly first: number; readonly count: number }>>
  readonly body: string
  readonly bodyIds: readonly string[]
  readonly shape?: Shape | null
  readonly policy: Policy
  readonly results: 'value' | 'reference'
  readonly why?: 'complete' | 'failed' | 'deadline' | 'never-sealed' | 'cancelled'
  readonly attempt: number
  readonly decision?: DecisionText | null
}

export type Policy = 'waitAll' | 'failFast' | 'collect' | { readonly atLeast: number }

export type Shape = readonly (1 | Shape)[]

export interface DecisionText {
  readonly kind: 'body' | 'error'
  readonly missing?: readonly number[]
  readonly cause?: { readonly taskId: string }
}

/** A marker as it is written. */
export interface MarkerText {
  readonly t: string
  readonly s: string
  readonly v?: unknown
}

/** What a slot's marker says. */
export interface SlotText {
  readonly taskId: string
  readonly state: string
  readonly value: unknown
}

/** One chord, as the store and the queue have seen it. */
export class ChordCase {
  readonly id: string
  record: RecordText | undefined
  /** The last record before the chord was over. */
  lastFull: RecordText | undefined
  /** What was in each slot first. */
  readonly slots = new Map<number, SlotText>()
  /** Large values, by slot, as they were first. */
  readonly values = new Map<number, unknown>()
  /** Slots that were empty when the chord was last claimed. */
  emptyAtClaim: readonly number[] = []
  decision: DecisionText | undefined
  /** How often each task that begins the body was published. */
  readonly published = new Map<string, number>()
  /** What tasks were published with, encoded. */
  readonly messages = new Map<string, string>()
  readonly adds = new Set<string>()

  constructor(id: string) {
    this.id = id
  }

  /** The tasks that begin the body. */
  get entryIds(): readonly string[] {
    const body = this.lastFull?.body
    return body === undefined || body === '' ? [] : entriesOf(JSON.parse(body))
  }

  emptySlots(size: number): readonly number[] {
    return Array.from({ length: size }, (_, slot) => slot).filter((slot) => !this.slots.has(slot))
  }
}

interface SignatureText {
  readonly options: Readonly<Record<string, unknown>>
  readonly subtask_type?: string | null
  readonly kwargs: { readonly tasks?: readonly SignatureText[]; readonly header?: unknown }
}

function entriesOf({ options, subtask_type: type, kwargs: { tasks = [] } }: SignatureText): readonly string[] {
  if (type === 'group') return tasks.flatMap(entriesOf)
  if (type === 'chain') return tasks.slice(0, 1).flatMap(entriesOf)
  // A body that is a chord is judged as a chord of its own.
  return type === 'chord' ? [] : [String(options['task_id'])]
}
