import { decodeSignatureData, type SignatureData } from './signature-data.ts'
import { isoFormat, parseIsoFormat } from './iso-format.ts'
import { pythonRepr, tupleRepr } from './python-repr.ts'
import type { TaskMessage } from './task-request.ts'
import { isRecord, unreadable } from './unreadable.ts'

/** A message of Celery's protocol 2, not yet serialised. */
export interface WireMessage {
  readonly headers: Readonly<Record<string, unknown>>
  /** `[args, kwargs, embed]` */
  readonly body: unknown
}

/** Headers and body as Celery's workers expect them. `now` is what a countdown starts from. */
export function encodeMessage(
  message: TaskMessage,
  options: { readonly now?: Date; readonly origin?: string } = {},
): WireMessage {
  return { headers: { ...headersOf(message, options) }, body: [message.args, message.kwargs, embedOf(message)] }
}

function headersOf(message: TaskMessage, options: { readonly now?: Date; readonly origin?: string }): object {
  const { id, task, args, kwargs, countdownSeconds } = message
  const known = {
    task,
    id,
    eta: countdownSeconds === undefined ? undefined : etaOf(countdownSeconds, options.now),
    group: message.group,
    group_index: message.groupIndex,
    retries: message.retries,
    root_id: message.rootId,
    parent_id: message.parentId,
    argsrepr: shortened(tupleRepr(args)),
    kwargsrepr: shortened(pythonRepr(kwargs)),
    origin: options.origin,
    ignore_result: message.ignoreResult,
    replaced_task_nesting: message.replacedTaskNesting,
    stamped_headers: message.stampedHeaders,
    stamps: message.stamps,
    [BODY_OF]: message.bodyOf,
  }
  return { ...DEFAULT_HEADERS, root_id: id, ...present(known) }
}

// Ours: Celery's workers take no notice of a header that they do not know.
const BODY_OF = 'arpeggio_body_of'

// In Celery's order.
const DEFAULT_HEADERS = {
  lang: 'js',
  task: null,
  id: null,
  shadow: null,
  eta: null,
  expires: null,
  group: null,
  group_index: null,
  retries: 0,
  timelimit: [null, null],
  root_id: null,
  parent_id: null,
  argsrepr: null,
  kwargsrepr: null,
  origin: null,
  // Newer workers let an explicit value win over the task's own setting; null leaves the decision to the task.
  ignore_result: null,
  replaced_task_nesting: 0,
  stamped_headers: null,
  stamps: {},
}

function etaOf(countdownSeconds: number, now = new Date()): string {
  return isoFormat(new Date(now.getTime() + countdownSeconds * 1000))
}

const MAX_REPR = 1024

function shortened(text: string): string {
  return text.length <= MAX_REPR ? text : `${text.slice(0, MAX_REPR - 3).toWellFormed()}...`
}

function embedOf(message: TaskMessage): Record<string, unknown> {
  return {
    callbacks: message.callbacks ?? null,
    errbacks: message.errbacks ?? null,
    chain: message.chain ?? null,
    chord: message.chord ?? null,
  }
}

/** Reads a message of protocol 2. Throws `unreadable` when it is none; fields that are null are left out. */
export function decodeMessage({ headers, body }: WireMessage, options: { readonly now?: Date } = {}): TaskMessage {
  const [args, kwargs, embed] = bodyOf(body)
  const { id, task } = headers
  if (typeof id !== 'string' || typeof task !== 'string') throw unreadable('A message must have an id and a task')
  return present({
    id,
    task,
    args,
    kwargs,
    ...identityOf(headers),
    ...settingsOf(headers),
    countdownSeconds: countdownOf(headers['eta'], options.now ?? new Date()),
    callbacks: signatures(embed['callbacks']),
    errbacks: signatures(embed['errbacks']),
    chain: signatures(embed['chain']),
    chord: isNone(embed['chord']) ? undefined : decodeSignatureData(embed['chord']),
  }) as unknown as TaskMessage // each field was checked on its way in
}

function bodyOf(
  body: unknown,
): [readonly unknown[], Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>] {
  if (!Array.isArray(body) || body.length !== 3) throw unreadable('A message body must be [args, kwargs, embed]')
  const [args, kwargs, embed] = body as [unknown, unknown, unknown] // the length was checked above
  if (!Array.isArray(args) || !isRecord(kwargs)) throw unreadable('A message must carry args and kwargs')
  if (!isNone(embed) && !isRecord(embed)) throw unreadable('The third part of a message body must be an object')
  return [args, kwargs, isRecord(embed) ? embed : {}]
}

function identityOf(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    rootId: text(headers['root_id']),
    parentId: text(headers['parent_id']),
    group: text(headers['group']),
    groupIndex: number(headers['group_index']),
    bodyOf: text(headers[BODY_OF]),
  }
}

function settingsOf(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { stamps, stamped_headers: stampedHeaders, ignore_result: ignoreResult } = headers
  return {
    retries: number(headers['retries']),
    ignoreResult: typeof ignoreResult === 'boolean' ? ignoreResult : undefined,
    stamps: isRecord(stamps) ? stamps : undefined,
    stampedHeaders: Array.isArray(stampedHeaders) ? stampedHeaders.map(String) : undefined,
    replacedTaskNesting: number(headers['replaced_task_nesting']),
  }
}

function countdownOf(eta: unknown, now: Date): number | undefined {
  const due = typeof eta === 'string' ? parseIsoFormat(eta) : undefined
  return due === undefined ? undefined : Math.max(0, (due.getTime() - now.getTime()) / 1000)
}

function signatures(list: unknown): readonly SignatureData[] | undefined {
  if (isNone(list)) return undefined
  if (!Array.isArray(list)) throw unreadable('The signatures in a message must be a list')
  return list.map(decodeSignatureData)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function isNone(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
