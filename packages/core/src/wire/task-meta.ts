import type { Value } from '../backend/value.ts'
import { type Codec, jsonCodec } from './codec.ts'
import type { ExceptionRegistry } from './exception-registry.ts'
import { decodeException, encodeException, isNothing } from './exceptions.ts'
import { isoFormat, parseIsoFormat } from './iso-format.ts'
import { decodeResultTuple, encodeResultTuple, type ResultNode } from './result-tuple.ts'
import { EXCEPTION_STATES, PROPAGATE_STATES, READY_STATES, type State } from './states.ts'
import { decodeSuccess } from './success-document.ts'
import { TaskError, TaskRevokedError } from './task-error.ts'
import type { TaskRequest } from './task-request.ts'
import { isRecord, unreadable } from './unreadable.ts'

/** A task's document, decoded. */
export interface TaskMeta {
  readonly taskId: string
  readonly status: State
  /** Present when nothing is stored: nobody has told of the task yet, or its result has been forgotten or has expired. */
  readonly isAbsent?: true
  /** The value; an `Error` in the exception states, where RETRY may have none; the progress in custom states. */
  readonly result: unknown
  readonly traceback: string | null
  /** What the task spawned. `null` when the writer did not know. */
  readonly children: readonly ResultNode[] | null
  /** Only in ready states. */
  readonly dateDone?: Date
  readonly groupId?: string
  /** A task that was retried or replaced names itself here. */
  readonly parentId?: string
  readonly name?: string
  readonly args?: unknown
  readonly kwargs?: unknown
  readonly worker?: string
  readonly retries?: number
  /** A routing key, in truth. */
  readonly queue?: string
  readonly stampedHeaders?: readonly string[]
  readonly stamps?: Readonly<Record<string, unknown>>
  /** Whatever else the writer put into the document. */
  readonly extra?: Readonly<Record<string, unknown>>
}

export interface TaskMetaInput {
  readonly id: string
  readonly state: State
  readonly result: unknown
  readonly traceback?: string | null | undefined
  readonly request?: TaskRequest | undefined
  /** Whether to store the task's name, arguments and so on, as Celery's `result_extended` does. */
  readonly extended?: boolean | undefined
  readonly now?: Date | undefined
  readonly registry?: ExceptionRegistry | undefined
}

/** The document to store, its keys in Celery's order. An error in an exception state is encoded. */
export function buildTaskMeta(input: TaskMetaInput): Record<string, unknown> {
  const { id, state, request } = input
  const meta: Record<string, unknown> = {
    status: state,
    result: preparedResult(input),
    traceback: input.traceback ?? null,
    children: request === undefined ? null : (request.children ?? []).map(encodeResultTuple),
    date_done: READY_STATES.has(state) ? isoFormat(input.now ?? new Date()) : null,
  }
  if (request !== undefined) addRequest(meta, request, input.extended === true)
  meta['task_id'] = id
  return meta
}

function preparedResult({ state, result, registry }: TaskMetaInput): unknown {
  if (EXCEPTION_STATES.has(state) && result instanceof Error) return encodeException(result, registry)
  return result ?? null
}

const RESERVED: ReadonlySet<string> = new Set([
  'status',
  'result',
  'traceback',
  'children',
  'date_done',
  'group_id',
  'parent_id',
  'name',
  'args',
  'kwargs',
  'worker',
  'retries',
  'queue',
  'stamped_headers',
  'task_id',
])

function addRequest(meta: Record<string, unknown>, request: TaskRequest, extended: boolean): void {
  if (request.group) meta['group_id'] = request.group
  if (request.parentId) meta['parent_id'] = request.parentId
  if (!extended) return
  meta['name'] = request.task
  meta['args'] = request.args
  meta['kwargs'] = request.kwargs
  meta['worker'] = request.hostname ?? null
  meta['retries'] = request.retries ?? 0
  meta['queue'] = request.deliveryInfo?.routingKey ?? null
  if (request.stamps !== undefined) addStamps(meta, request.stamps, request.stampedHeaders)
}

/** Stamps lie flat among the document's own fields; one of a field's name is left out, because it would replace it. */
function addStamps(
  meta: Record<string, unknown>,
  stamps: Readonly<Record<string, unknown>>,
  headers: readonly string[] = Object.keys(stamps),
): void {
  const kept = Object.entries(stamps).filter(([name]) => !RESERVED.has(name))
  if (kept.length === 0) return
  meta['stamped_headers'] = headers.filter((name) => !RESERVED.has(name))
  for (const [name, value] of kept) define(meta, name, value)
}

// A plain assignment to `__proto__` would set the prototype.
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, enumerable: true, writable: true })
}

export function encodeTaskMeta(document: Readonly<Record<string, unknown>>, codec: Codec): Value {
  return codec.encode(document)
}

export interface DecodeMetaContext {
  readonly registry?: ExceptionRegistry | undefined
  /** The id that the document was found under, for writers that leave it out. */
  readonly taskId?: string | undefined
}

/** Reads a task's document. Throws `unreadable` unless it has a state, a result and an id, all well-typed. */
export function decodeTaskMeta(value: Value, codec: Codec, context: DecodeMetaContext = {}): TaskMeta {
  return (codec === jsonCodec && typeof value === 'string' && decodeSuccess(value)) || decodeAny(value, codec, context)
}

function decodeAny(value: Value, codec: Codec, context: DecodeMetaContext): TaskMeta {
  const document = codec.decode(value)
  if (!isRecord(document)) throw unreadable('A task document must be an object')
  const { status, result } = document
  const taskId = document['task_id'] ?? context.taskId
  if (typeof status !== 'string' || status === '') throw unreadable('A task document must have a status')
  if (result === undefined) throw unreadable('A task document must have a result')
  if (typeof taskId !== 'string') throw unreadable('A task document must have a task_id')
  const traceback = textOr(document['traceback'], null)
  const dateDone = dateOf(document['date_done'])
  const meta: Writable<TaskMeta> = {
    taskId,
    status,
    result: EXCEPTION_STATES.has(status) ? failureOf(status, result, { ...context, taskId, traceback }) : result,
    traceback,
    children: decodeChildren(document['children']),
  }
  if (dateDone !== undefined) meta.dateDone = dateDone
  addOptional(meta, document)
  return meta
}

type Writable<Type> = { -readonly [Member in keyof Type]: Type[Member] }

interface FailureContext extends DecodeMetaContext {
  readonly taskId: string
  readonly traceback: string | null
}

function failureOf(status: State, result: unknown, context: FailureContext): unknown {
  if (!isNothing(result)) return decodeException(result, context)
  if (!PROPAGATE_STATES.has(status)) return null
  // The writer did not say why; whoever waits still has to learn that it failed.
  const origin = { excArgs: [], taskId: context.taskId }
  return status === 'REVOKED'
    ? new TaskRevokedError({ excType: 'TaskRevokedError', excModule: 'celery.exceptions', ...origin })
    : new TaskError({ excType: 'Exception', excModule: 'builtins', ...origin })
}

function decodeChildren(children: unknown): readonly ResultNode[] | null {
  if (children === null || children === undefined) return null
  if (!Array.isArray(children)) throw unreadable('The children of a task document must be a list or null')
  return children.map(decodeResultTuple)
}

/** Fields of a wrong type count as absent: nothing depends on them. */
function addOptional(meta: Writable<TaskMeta>, document: Readonly<Record<string, unknown>>): void {
  for (const key in document) {
    if (isRegular(key)) continue
    const set = SETTERS.get(key)
    if (set === undefined) addOther(meta, document, key)
    else set(meta, document[key])
  }
}

/** The members of every document. Comparing takes less time than looking up. */
function isRegular(key: string): boolean {
  return (
    key === 'status' ||
    key === 'result' ||
    key === 'traceback' ||
    key === 'children' ||
    key === 'date_done' ||
    key === 'task_id'
  )
}

/** A stamp when the document lists it as one. */
function addOther(meta: Writable<TaskMeta>, document: Readonly<Record<string, unknown>>, key: string): void {
  const value = document[key]
  if (arrayOf(document['stamped_headers']).includes(key)) define((meta.stamps ??= {}), key, value)
  else define((meta.extra ??= {}), key, value)
}

type Setter = (meta: Writable<TaskMeta>, value: unknown) => void

const SETTERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['group_id', text('groupId')],
  ['parent_id', text('parentId')],
  ['name', text('name')],
  ['args', (meta, value) => void (meta.args = value)],
  ['kwargs', (meta, value) => void (meta.kwargs = value)],
  ['worker', text('worker')],
  ['retries', setRetries],
  ['queue', text('queue')],
  ['stamped_headers', setStampedHeaders],
])

function dateOf(value: unknown): Date | undefined {
  return typeof value === 'string' ? parseIsoFormat(value) : undefined
}

function setRetries(meta: Writable<TaskMeta>, value: unknown): void {
  if (typeof value === 'number') meta.retries = value
}

function setStampedHeaders(meta: Writable<TaskMeta>, value: unknown): void {
  if (Array.isArray(value)) meta.stampedHeaders = value.filter((name) => typeof name === 'string')
}

function text(member: 'groupId' | 'parentId' | 'name' | 'worker' | 'queue'): Setter {
  return (meta, value) => {
    if (typeof value === 'string') meta[member] = value
  }
}

function textOr<Other>(value: unknown, other: Other): string | Other {
  return typeof value === 'string' ? value : other
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

const HEAD = /^\s*\{\s*"status"\s*:\s*"([ !#-[\]-~]{1,100})"/
const HEAD_LENGTH = 200

/**
 * The state of a stored document, read from its first bytes alone, because Celery writes `status` first.
 * `undefined` when they do not tell.
 */
export function stateOf(value: Value): State | undefined {
  const head = typeof value === 'string' ? value.slice(0, HEAD_LENGTH) : latin1(value.subarray(0, HEAD_LENGTH))
  return HEAD.exec(head)?.[1]
}

// A state with other characters than ASCII is not told by the head, so how such bytes are read does not matter.
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
