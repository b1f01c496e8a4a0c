import { BackendError } from '../backend/backend-error.ts'
import { freeze } from '../canvas/freeze.ts'
import type { Frozen } from '../canvas/frozen.ts'
import type { AnySignature } from '../canvas/signature.ts'
import { signatureFromData } from '../canvas/signature-from-data.ts'
import type { TaskContext } from '../canvas/task-context.ts'
import { task, type RunnableTask } from '../canvas/task.ts'
import { callbackFailed, dependencyFailed } from '../chords/chord-failure.ts'
import { ChordError, encodeException, type ExceptionData } from '../wire/exceptions.ts'
import { decodeResultTuple, type ResultNode, taskIdsOf } from '../wire/result-tuple.ts'
import { PROPAGATE_STATES, READY_STATES } from '../wire/states.ts'
import type { TaskMeta } from '../wire/task-meta.ts'

export interface ChordUnlockTaskOptions {
  /** Between two looks of a message that names no interval. Default: 1. */
  readonly intervalSeconds?: number
  /** After so long the body gets an error: a part that was lost never ends. Default: 86,400. */
  readonly deadlineSeconds?: number
}

/** What the task does with the results of a header, and for the body. */
interface Unlocking {
  getMany(ids: readonly string[]): Promise<readonly TaskMeta[]>
  start(frozen: readonly Frozen[]): Promise<void>
  failChord(id: string, body: AnySignature, error: Error): Promise<void>
}

/** What Celery puts into the message beside the group and the body. */
interface Named {
  readonly interval?: number | null
  readonly max_retries?: number | null
  readonly result?: readonly unknown[] | null
}

/**
 * Celery's task `celery.chord_unlock`, for queues that run tasks here: looks now and then whether a header has ended, with
 * one bulk read for each look, and then sends the body. `results` answers with those that the queue belongs to.
 */
export function chordUnlockTask(results: () => Unlocking, options: ChordUnlockTaskOptions = {}): RunnableTask {
  const { intervalSeconds = 1, deadlineSeconds = 86_400 } = options
  const run = async (context: TaskContext, id: string, callback: unknown, named: Named = {}): Promise<void> => {
    const seconds = named.interval ?? intervalSeconds
    const nodes = (named.result ?? []).map(decodeResultTuple)
    const unlocking = new Unlock(results(), { id, nodes, body: signatureFromData(callback) }, context)
    if (await unlocking.look()) return
    const maxRetries = named.max_retries ?? Math.ceil(deadlineSeconds / Math.max(seconds, 0.001))
    if ((context.request.retries ?? 0) >= maxRetries) await unlocking.giveUp()
    else context.retry({ countdownSeconds: seconds, maxRetries: null })
  }
  return task('celery.chord_unlock', run, { bind: true, ignoreResult: true, maxRetries: null })
}

interface Chord {
  readonly id: string
  readonly nodes: readonly ResultNode[]
  readonly body: AnySignature
}

class Unlock {
  readonly #results: Unlocking
  readonly #chord: Chord
  readonly #context: TaskContext

  constructor(results: Unlocking, chord: Chord, context: TaskContext) {
    this.#results = results
    this.#chord = chord
    this.#context = context
  }

  /** Resolves to whether nothing is left to wait for. */
  async look(): Promise<boolean> {
    const { nodes, body } = this.#chord
    const bodyId = body.options['task_id']
    const parts = nodes.flatMap(taskIdsOf)
    const metas = await this.#results.getMany(typeof bodyId === 'string' ? [...parts, bodyId] : parts)
    // The body may have been sent by a run of this message that was not told to be over.
    if (metas.slice(parts.length).some(isReady)) return true
    const ended = metas.slice(0, parts.length)
    if (!ended.every(isReady)) return false
    const failed = ended.find(({ status }) => PROPAGATE_STATES.has(status))
    if (failed === undefined) await this.#send(ended)
    else await this.#fail(dependencyFailed(failed.taskId, exceptionOf(failed.result)))
    return true
  }

  async giveUp(): Promise<void> {
    const text = `Chord ${this.#chord.id} was not complete after ${this.#context.request.retries ?? 0} looks`
    await this.#results.failChord(this.#chord.id, this.#chord.body, new ChordError(text))
  }

  async #send(metas: readonly TaskMeta[]): Promise<void> {
    const { id, rootId = id } = this.#context.request
    const values = new Map(metas.map(({ taskId, result }) => [taskId, result]))
    const args = [this.#chord.nodes.map((node) => valueOf(node, values))]
    try {
      await this.#results.start([freeze(this.#chord.body, { args, parentId: id, rootId })])
    } catch (error) {
      // What can never be sent is told to the body; anything else may go better with the next look.
      if (!(error instanceof TypeError || BackendError.is(error, 'too-large'))) this.#context.retry({ error })
      await this.#fail(callbackFailed(exceptionOf(error)))
    }
  }

  async #fail({ exc_message: message }: ExceptionData): Promise<void> {
    const [text] = Array.isArray(message) ? message : [message]
    await this.#results.failChord(this.#chord.id, this.#chord.body, new ChordError(String(text)))
  }
}

function valueOf({ id, members }: ResultNode, values: ReadonlyMap<string, unknown>): unknown {
  return members === undefined ? values.get(id) : members.map((member) => valueOf(member, values))
}

function isReady({ status }: TaskMeta): boolean {
  return READY_STATES.has(status)
}

function exceptionOf(error: unknown): ExceptionData {
  return encodeException(error instanceof Error ? error : new Error(String(error)))
}
