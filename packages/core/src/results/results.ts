import type { Backend } from '../backend/backend.ts'
import { BackendError } from '../backend/backend-error.ts'
import type { CallOptions } from '../backend/value.ts'
import type { ChordOptions } from '../canvas/chord-options.ts'
import { freeze } from '../canvas/freeze.ts'
import type { Frozen } from '../canvas/frozen.ts'
import type {
  FailureOptions,
  OutcomeOptions,
  Publisher,
  RecordOptions,
  ResultRecorder,
  TracedOptions,
} from '../canvas/publisher.ts'
import type { AnySignature, GroupOf, Signature } from '../canvas/signature.ts'
import { StreamedChord } from '../canvas/streamed-chord.ts'
import type { PartOutcome } from '../chords/chord-ledger.ts'
import type { Added } from '../chords/chord-record.ts'
import { Chords } from '../chords/chords.ts'
import type { ExceptionRegistry } from '../wire/exceptions.ts'
import type { ResultNode } from '../wire/result-tuple.ts'
import type { State } from '../wire/states.ts'
import type { TaskMeta } from '../wire/task-meta.ts'
import type { TaskMessage, TaskRequest } from '../wire/task-request.ts'
import { AsyncResult, type AsyncResultOptions } from './async-result.ts'
import { ChordOperations } from './chord-operations.ts'
import { chordUnlock, type ChordUnlockOptions } from './chord-unlock.ts'
import { DocumentStore } from './document-store.ts'
import { DrivenChords } from './driven-chords.ts'
import { unlessFailed } from './failure.ts'
import { GroupResult } from './group-result.ts'
import { Groups } from './groups.ts'
import { type Adapter, openBackend } from './open.ts'
import { cleanup, Reading } from './reading.ts'
import { Recording, type StoreOptions, type StoreOutcome } from './recording.ts'
import type { AnyResult, ReadOptions, ResultSource, WaitForOptions } from './result-source.ts'
import { KeyStore } from '../store/key-store.ts'
import { type EnsureOptions, Retry, type RetryPolicy } from '../store/retry.ts'
import { type ResultsOptions, settingsOf } from './settings.ts'
import { isTraced, traced } from './tracing.ts'
import { Waiting, type WaitOptions } from './waiting/waiting.ts'

export interface OpenOptions extends Omit<ResultsOptions, 'backend'> {
  readonly adapters: readonly Adapter[]
}

/** What `apply` answers for a signature that results in `Result`. */
export type Applied<Result> = [Result] extends [GroupOf<infer Members>] ? GroupResult<Members> : AsyncResult<Result>

/** The results of tasks: stores them, reads them, waits for them, and starts tasks. One per process and store is enough. */
export class Results implements ResultRecorder, ResultSource, AsyncDisposable {
  readonly backend: Backend
  readonly publisher: Publisher | undefined
  readonly exceptions: ExceptionRegistry
  readonly #store: DocumentStore
  readonly chords: ChordOperations
  readonly #chords: Chords
  readonly #driven: DrivenChords
  readonly #recording: Recording
  readonly #reading: Reading
  readonly #groups: Groups
  readonly #waiting: Waiting
  readonly #retry: Retry
  #closing: Promise<void> | undefined

  constructor(options: ResultsOptions) {
    const settings = settingsOf(options)
    const { backend, publisher, safetyReadMs, pollCeilingMs } = options
    this.backend = backend
    this.publisher = publisher
    this.exceptions = settings.exceptions
    const { scheduler } = settings
    const hooks = {
      exceptionSafeToRetry: (error: unknown) => backend.exceptionSafeToRetry(error),
      onConnectionError: options.onConnectionError,
    }
    this.#retry = new Retry(settings.retry, hooks, scheduler)
    this.#store = new DocumentStore(settings, new KeyStore(backend, this.#retry))
    this.#reading = new Reading(this.#store)
    this.#groups = new Groups(this.#store)
    this.#waiting = new Waiting(
      {
        backend,
        keyOf: (id) => this.#store.taskKey(id),
        idOf: (key) => settings.keys.taskIdOf(key),
        read: (wanted, call) => this.#reading.snapshots(wanted, call),
        decode: (id, value) => this.#reading.decode(id, value),
      },
      { defaultTimeoutMs: settings.defaultTimeoutMs, safetyReadMs, pollCeilingMs, scheduler },
    )
    this.#chords = new Chords({
      keys: this.#store.keys,
      scheduler,
      publisher,
      settings: settings.chords,
      taskKey: (id) => this.#store.taskKey(id),
      endings: (ids) => this.#store.endings(ids),
      publish: (messages) => this.#recording.publish(messages),
      start: (frozen) => this.#recording.start(frozen),
      errbacks: (id, body) => this.#recording.errbacksOf(id, body),
      failBody: (body, failure) => this.#recording.failBody(body, failure),
      saveGroup: (node, expiresInSeconds) => this.#groups.save(node.id, node, { expiresInSeconds }),
      warn: settings.warn,
    })
    this.#recording = new Recording(this.#store, this.#waiting, { publisher, chords: this.#chords })
    this.chords = new ChordOperations({
      chords: this.#chords,
      scheduler,
      resultOf: (node) => this.resultOf(node),
      start: (frozen) => this.#recording.start(frozen),
    })
    this.#driven = new DrivenChords(this.#chords, scheduler)
    publisher?.bind?.(this)
  }

  /** Opens the backend that a URL names with one of the adapters that were passed. */
  static async open(url: string, options: OpenOptions): Promise<Results> {
    const { adapters, ...rest } = options
    return new Results({ ...rest, backend: await openBackend(url, adapters) })
  }

  /** What this process's waits hold at the moment. */
  get waits(): Waiting['counts'] {
    return this.#waiting.counts
  }

  get retryPolicy(): RetryPolicy {
    return this.#retry.policy
  }

  /**
   * Starts a task, a group, a chain or a chord, and answers with the handle on what it will result in. A group is saved
   * first. A chord that was given an id and started before goes on where it was.
   */
  apply<Result>(
    signature: Signature<Result> | StreamedChord<Result>,
    options: CallOptions = {},
  ): Promise<Applied<Result>> {
    return traced('apply', this.#describe, async () => {
      this.#open()
      if (signature instanceof StreamedChord) {
        const chord = await this.chords.applyStreamed(signature)
        this.#driven.add(chord)
        return this.resultOf(chord.node) as Applied<Result> // as the type says
      }
      const frozen = freeze(signature)
      const { messages, chords, root } = frozen
      if (signature.kind === 'group') await this.saveGroup(root.id, root, options)
      for (const { id } of messages) this.onTaskCall(id)
      await this.start([frozen], options)
      const ignored = signature.options['ignore_result'] === true
      const result = ignored ? new AsyncResult(root.id, this, { ignored }) : this.resultOf(root)
      for (const chord of chords) this.#driven.add(chord)
      return result as Applied<Result> // as the root says
    })
  }

  /** The handle on the result of a task with a known id. */
  result<T = unknown>(id: string, options?: AsyncResultOptions<T>): AsyncResult<T> {
    return new AsyncResult<T>(id, this, options)
  }

  resultOf(node: ResultNode): AnyResult {
    const parent = node.parent === undefined ? undefined : this.resultOf(node.parent)
    if (node.members === undefined) return new AsyncResult(node.id, this, { parent })
    const members = node.members.map((member) => this.resultOf(member))
    return new GroupResult(node.id, members, this, parent)
  }

  /** Stores what happened to a task, unless what is stored takes precedence. */
  async storeResult(id: string, result: unknown, state: State, options?: StoreOptions): Promise<StoreOutcome> {
    this.#open()
    return this.#recording.storeResult(id, result, state, options)
  }

  /** Stores progress. Where the store limits the writes of one key, only the newest of what comes too fast is stored. */
  async updateState(id: string, state: State, meta: unknown, options?: StoreOptions): Promise<void> {
    this.#open()
    return this.#recording.updateState(id, state, meta, options)
  }

  async markAsStarted(id: string, meta: unknown = {}, options?: RecordOptions): Promise<StoreOutcome> {
    this.#open()
    return this.#recording.markAsStarted(id, meta, options)
  }

  async markAsDone(id: string, result: unknown, options?: OutcomeOptions): Promise<StoreOutcome | undefined> {
    this.#open()
    return await this.#recording.markAsDone(id, result, options)
  }

  /** Stores a failure, gives it to the steps of the chain that will not run now, and publishes the error callbacks. */
  async markAsFailure(id: string, error: unknown, options?: FailureOptions): Promise<StoreOutcome | undefined> {
    this.#open()
    return this.#recording.markAsFailure(id, error, options)
  }

  async markAsRetry(id: string, error: unknown, options?: TracedOptions): Promise<StoreOutcome> {
    this.#open()
    return this.#recording.markAsRetry(id, error, options)
  }

  async markAsRevoked(id: string, reason = 'revoked', options?: OutcomeOptions): Promise<StoreOutcome | undefined> {
    this.#open()
    return this.#recording.markAsRevoked(id, reason, options)
  }

  /** Stores a failure with the error's own stack, for whoever has no request at hand. */
  async failFromError(id: string, error: unknown): Promise<StoreOutcome | undefined> {
    this.#open()
    return this.#recording.failFromError(id, error)
  }

  async publish(messages: readonly TaskMessage[], options?: CallOptions): Promise<void> {
    this.#open()
    return this.#recording.publish(messages, options)
  }

  /** Starts chords and publishes messages. */
  async start(frozen: readonly Frozen[], options?: CallOptions): Promise<void> {
    this.#open()
    return this.#recording.start(frozen, options)
  }

  /** Records how a part of a chord has ended. Happens by itself where a result is marked with its request. */
  async onChordPartReturn(request: TaskRequest, state: State, result: unknown): Promise<PartOutcome | undefined> {
    this.#open()
    return this.#recording.onChordPartReturn(request, state, result)
  }

  /** Makes a chord known, for whoever publishes its header by himself. */
  async applyChord(
    id: string,
    headerIds: readonly string[],
    body: AnySignature,
    options?: ChordOptions,
  ): Promise<void> {
    this.#open()
    return this.chords.create(id, headerIds, body, options)
  }

  /** Fixes the number of parts of a chord, once. Rejects with `conflict` when it is another one already. */
  async setChordSize(id: string, size: number): Promise<void> {
    this.#open()
    return this.#chords.seal(id, { size })
  }

  /** Makes room for tasks in a chord, for whoever publishes them by himself. */
  async addToChord(id: string, addId: string, taskIds: readonly string[]): Promise<Added> {
    this.#open()
    return this.#chords.grow(id, addId, taskIds)
  }

  /** Gives an error to the body of a chord, after its error callbacks: Celery's `chord_error_from_stack`. */
  async failChord(id: string, body: AnySignature, error: Error): Promise<void> {
    this.#open()
    const data = body.toData()
    return this.#recording.failBody(data, { error, errbacks: this.#recording.errbacksOf(id, data) })
  }

  /** Publishes the task by which Celery joins chords on stores where it cannot count. */
  async publishChordUnlock(group: ResultNode, body: AnySignature, options?: ChordUnlockOptions): Promise<void> {
    return this.publish([chordUnlock(group, body, options)])
  }

  bodyArgs(request: TaskRequest): readonly unknown[] {
    return this.#chords.bodyArgs(request.args)
  }

  async messageEnded(message: TaskMessage): Promise<void> {
    if (!this.#isClosed) await this.#chords.messageEnded(message)
  }

  async messageLost(message: TaskMessage): Promise<void> {
    if (!this.#isClosed) await this.#chords.messageLost(message)
  }

  /** The task's document; PENDING when none is stored, which `exists` tells from one stored as PENDING. */
  async getTaskMeta(id: string, options?: ReadOptions): Promise<TaskMeta> {
    this.#open()
    return this.#reading.getTaskMeta(id, options)
  }

  async getState(id: string, options?: ReadOptions): Promise<State> {
    return (await this.getTaskMeta(id, options)).status
  }

  getStatus(id: string, options?: ReadOptions): Promise<State> {
    return this.getState(id, options)
  }

  async getResult(id: string, options?: ReadOptions): Promise<unknown> {
    return (await this.getTaskMeta(id, options)).result
  }

  async getTraceback(id: string, options?: ReadOptions): Promise<string | null> {
    return (await this.getTaskMeta(id, options)).traceback
  }

  async getChildren(id: string, options?: ReadOptions): Promise<readonly AnyResult[] | null> {
    const { children } = await this.getTaskMeta(id, options)
    return children?.map((node) => this.resultOf(node)) ?? null
  }

  async getMany(ids: readonly string[], options?: ReadOptions): Promise<readonly TaskMeta[]> {
    this.#open()
    return this.#reading.getMany(ids, options)
  }

  async exists(id: string, options?: CallOptions): Promise<boolean> {
    this.#open()
    return this.#reading.exists(id, options)
  }

  /** Waits for a ready document. Rejects with the task's error when it failed, unless `propagate` is false. */
  waitFor(id: string, options: WaitForOptions = {}): Promise<TaskMeta> {
    const { propagate = true } = options
    const ready = this.#untilReady(id, options)
    return propagate ? ready.then(unlessFailed) : ready
  }

  watch(id: string, options?: WaitOptions): AsyncIterable<TaskMeta> {
    return this.#waiting.watch(id, options)
  }

  asCompleted(ids: readonly string[], options?: WaitOptions): AsyncIterable<TaskMeta> {
    return this.#driven.through(ids, this.#waiting.asCompleted(ids, options))
  }

  /** Removes a result. One that nobody knows is no error; whoever waits for it here ends with `not-found`. */
  async forget(id: string, options?: CallOptions): Promise<void> {
    this.#open()
    return this.#reading.forget(id, this.#waiting, options)
  }

  async reloadTaskResult(id: string, options?: CallOptions): Promise<TaskMeta> {
    this.#open()
    return this.#reading.reload(id, options)
  }

  async reloadGroupResult(id: string, options?: CallOptions): Promise<GroupResult | undefined> {
    return this.restoreGroup(id, { ...options, cache: false })
  }

  isCached(id: string): boolean {
    return this.#reading.isCached(id)
  }

  async saveGroup(id: string, group: ResultNode | GroupResult, options?: CallOptions): Promise<void> {
    this.#open()
    return this.#groups.save(id, group instanceof GroupResult ? group.toNode() : group, options)
  }

  async restoreGroup(id: string, options?: ReadOptions): Promise<GroupResult | undefined> {
    const node = await this.getGroupMeta(id, options)
    const result = node === undefined ? undefined : this.resultOf(node)
    return result instanceof GroupResult ? result : undefined
  }

  async getGroupMeta(id: string, options?: ReadOptions): Promise<ResultNode | undefined> {
    this.#open()
    return this.#groups.get(id, options)
  }

  async deleteGroup(id: string, options?: CallOptions): Promise<void> {
    this.#open()
    return this.#groups.delete(id, options)
  }

  /** Called before a task is published. Subscribes to nothing: only waiting does. Throws for an id that cannot be a key. */
  onTaskCall(id: string): void {
    this.#store.taskKey(id)
  }

  /** Removes expired results from a store that does not do it by itself. Resolves to how many. */
  cleanup(options: CallOptions & { readonly limit?: number } = {}): Promise<number> {
    return traced('cleanup', this.#describe, async () => {
      this.#open()
      return cleanup(this.#store, options)
    })
  }

  asUri(options?: { readonly includePassword?: boolean }): string {
    return this.backend.asUri(options)
  }

  /** What would be stored as the `result` of a document. */
  encodeResult(result: unknown, state: State = 'SUCCESS'): unknown {
    return this.#recording.encodeResult(result, state)
  }

  /** Reads a document as it is stored. */
  decodeResult(id: string, value: string | Uint8Array): TaskMeta {
    return this.#store.decode(id, value)
  }

  /** Tries an operation on the store again as `retryPolicy` says. */
  ensure<T>(operation: () => Promise<T>, options?: EnsureOptions): Promise<T> {
    return this.#retry.run(operation, options)
  }

  /** Lets the publisher finish, stores waiting progress, ends every wait with `disposed`, and closes the backend. */
  close(): Promise<void> {
    this.#closing ??= traced('close', this.#describe, async () => {
      try {
        await this.publisher?.close?.()
        await this.#recording.flush()
      } finally {
        await this.#chords.close()
        this.#isClosed = true
        await this.#waiting.close()
        await this.backend[Symbol.asyncDispose]()
      }
    })
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #untilReady(id: string, options: WaitForOptions): Promise<TaskMeta> {
    return isTraced('waitFor') ? this.#untilReadyTraced(id, options) : this.#untilReadyOrDriven(id, options)
  }

  #untilReadyTraced(id: string, options: WaitForOptions): Promise<TaskMeta> {
    const describe = () => ({ backend: this.backend.name, taskId: id })
    return traced('waitFor', describe, () => this.#untilReadyOrDriven(id, options))
  }

  #untilReadyOrDriven(id: string, options: WaitForOptions): Promise<TaskMeta> {
    return this.#driven.during(id, this.#waiting.untilReady(id, options))
  }

  #isClosed = false

  #open(): void {
    if (this.#isClosed) throw new BackendError('disposed', 'these results are closed')
  }

  #describe = (): { readonly backend: string } => ({ backend: this.backend.name })
}
