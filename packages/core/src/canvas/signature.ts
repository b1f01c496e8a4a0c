import { signatureData, type SignatureData } from '../wire/signature-data.ts'
import { isRecord } from '../wire/unreadable.ts'

/** Stands for the results of a group's members, in order, where a signature says what it results in. */
export interface GroupOf<Results extends readonly unknown[]> {
  readonly groupOf: Results
}

/** A group is a signature whose result is many. */
export type GroupSignature<Results extends readonly unknown[], Missing extends readonly unknown[] = []> = Signature<
  GroupOf<Results>,
  Missing
>

/** Any signature, whatever it results in and still needs. */
export type AnySignature = Signature<unknown, never>

/** Types only: there is no such property at run time. */
export interface SignatureTypes<Result, Missing> {
  readonly result: Result
  readonly accepts: (missing: Missing) => void
}

/** What a signature may say about its message. */
export interface SignatureOptions {
  /** Default: a random UUID when the signature is applied. */
  readonly taskId?: string
  readonly queue?: string
  readonly priority?: number
  readonly countdownSeconds?: number
  /** Default: what the task says. */
  readonly ignoreResult?: boolean
}

export interface SignatureParts {
  readonly task: string
  readonly args?: readonly unknown[]
  readonly kwargs?: Readonly<Record<string, unknown>>
  /** In the spelling of the wire. */
  readonly options?: Readonly<Record<string, unknown>>
  readonly immutable?: boolean
  readonly kind?: SignatureKind
  /** The members of a group, the steps of a chain, the header of a chord. */
  readonly tasks?: readonly AnySignature[]
  /** Of a chord. */
  readonly body?: AnySignature | undefined
}

export type SignatureKind = 'task' | 'group' | 'chain' | 'chord'

/**
 * A call that has not been made yet: a task with arguments and options, or a group, chain or chord of such. It never changes;
 * each method answers with another signature. `Missing` are the leading arguments that must still come.
 */
export class Signature<Result = unknown, Missing extends readonly unknown[] = []> {
  declare readonly '~types'?: SignatureTypes<Result, Missing>
  readonly task: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly options: Readonly<Record<string, unknown>>
  readonly immutable: boolean
  readonly kind: SignatureKind
  readonly tasks: readonly AnySignature[]
  readonly body: AnySignature | undefined

  constructor(parts: SignatureParts) {
    this.task = parts.task
    this.args = parts.args ?? []
    this.kwargs = parts.kwargs ?? {}
    this.options = parts.options ?? {}
    this.immutable = parts.immutable ?? false
    this.kind = parts.kind ?? 'task'
    this.tasks = parts.tasks ?? []
    this.body = parts.body
    if ((this.kind === 'chord') !== (this.body !== undefined))
      throw new TypeError('A chord, and nothing else, has a body')
  }

  /** The same call with these options beside or instead of its own. The `taskId` of a chord is that of its body. */
  set(options: SignatureOptions): Signature<Result, Missing> {
    const { taskId, ...others } = options
    if (this.body === undefined || taskId === undefined) {
      return this.with({ options: { ...this.options, ...wireOptions(options) } })
    }
    return this.with({ body: this.body.set({ taskId }) }).set(others)
  }

  /** The same call with keyword arguments, for tasks written in Python. */
  withKwargs(kwargs: Readonly<Record<string, unknown>>): Signature<Result, Missing> {
    return this.with({ kwargs: { ...this.kwargs, ...kwargs } })
  }

  /** Also starts `callback` with the result when the task, the last step of the chain or the body has succeeded. */
  link(callback: Signature<unknown, [Result]>): Signature<Result, Missing> {
    if (this.kind === 'group') throw new TypeError('A group cannot be linked: link its members')
    if (this.kind === 'task') return this.#append('link', callback)
    // The type says that the last step, or the body, results in what the whole results in.
    const link = (step: AnySignature): AnySignature => (step as Signature<Result, never>).link(callback)
    if (this.body !== undefined) return this.with({ body: link(this.body) })
    const last = this.tasks.length - 1
    return this.with({ tasks: this.tasks.map((step, at) => (at === last ? link(step) : step)) })
  }

  /**
   * Also starts `errback` with the id of the failed task when the task, a member or a step has failed. A chord's body
   * fails with its header.
   */
  linkError(errback: Signature<unknown, [string]>): Signature<Result, Missing> {
    if (this.kind === 'task') return this.#append('link_error', errback)
    if (this.body !== undefined) return this.with({ body: this.body.linkError(errback) })
    return this.with({ tasks: this.tasks.map((step) => step.linkError(errback)) })
  }

  /** What Celery writes for this call. */
  toData(): SignatureData {
    return {
      task: this.task,
      args: this.args,
      kwargs: this.kind === 'task' ? this.kwargs : { ...this.kwargs, ...this.#partsData() },
      options: this.options,
      subtask_type: this.kind === 'task' ? null : this.kind,
      immutable: this.immutable,
    }
  }

  /** The same call but for these parts. */
  with(parts: Partial<SignatureParts>): Signature<Result, Missing> {
    const { task, args, kwargs, options, immutable, kind, tasks, body } = this
    return new Signature({ task, args, kwargs, options, immutable, kind, tasks, body, ...parts })
  }

  // Celery writes a header with a fixed id as a group: a list would get another id where the chord is started.
  #partsData(): Readonly<Record<string, unknown>> {
    const tasks = this.tasks.map((step) => step.toData())
    if (this.body === undefined) return { tasks }
    const { arpeggio_chord: own } = this.options
    const id = isRecord(own) ? own['id'] : undefined
    const group = { task: 'celery.group', kwargs: { tasks }, options: { task_id: id }, subtask_type: 'group' }
    return { kwargs: {}, header: id === undefined ? tasks : signatureData(group), body: this.body.toData() }
  }

  #append(option: 'link' | 'link_error', signature: AnySignature): Signature<Result, Missing> {
    const present = this.options[option]
    const list: readonly unknown[] = Array.isArray(present) ? present : []
    return this.with({ options: { ...this.options, [option]: [...list, signature.toData()] } })
  }
}

const WIRE_NAMES: Readonly<Record<keyof SignatureOptions, string>> = {
  taskId: 'task_id',
  queue: 'queue',
  priority: 'priority',
  countdownSeconds: 'countdown',
  ignoreResult: 'ignore_result',
}

function wireOptions(options: SignatureOptions): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [WIRE_NAMES[name as keyof SignatureOptions], value]), // the keys of that interface
  )
}
