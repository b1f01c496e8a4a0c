import type { ExceptionRegistry } from './exception-registry.ts'
import { encodeJson } from './json.ts'
import { pythonClassOf } from './python-class.ts'
import { pythonRepr } from './python-repr.ts'
import { ChordError, TaskError, type TaskErrorDetails, TaskRevokedError } from './task-error.ts'
import { isRecord } from './unreadable.ts'

export { ExceptionRegistry, type ExceptionEntry } from './exception-registry.ts'
export { ChordError, TaskError, TaskRevokedError, type TaskErrorDetails } from './task-error.ts'

/** An exception as Celery stores it. `exc_message` holds the constructor's arguments, not a message. */
export interface ExceptionData {
  readonly exc_type: string
  readonly exc_message: readonly unknown[]
  readonly exc_module: string | null
}

/** Encodes whatever was thrown. The registry's classes come first, then the Python class that fits. */
export function encodeException(error: unknown, registry?: ExceptionRegistry): ExceptionData {
  const { type, module, args } = described(error, registry)
  return { exc_type: type, exc_message: args.map(encodable), exc_module: module }
}

interface Description {
  readonly type: string
  readonly module: string | null
  readonly args: readonly unknown[]
}

function described(error: unknown, registry: ExceptionRegistry | undefined): Description {
  if (!(error instanceof Error)) return { type: 'Exception', module: 'builtins', args: [error] }
  const registered = registry?.encode(error)
  if (registered !== undefined) return registered
  if (error instanceof TaskError) return { type: error.excType, module: error.excModule || null, args: error.excArgs }
  return { ...pythonClassOf(error), args: [error.message] }
}

/** One argument that cannot be encoded must not lose the whole failure: its `repr` takes its place, as in Celery. */
function encodable(arg: unknown): unknown {
  if (typeof arg === 'string' || typeof arg === 'number') return arg
  try {
    encodeJson(arg)
    return arg ?? null
  } catch {
    return pythonRepr(arg)
  }
}

export interface DecodeExceptionContext {
  readonly registry?: ExceptionRegistry | undefined
  readonly taskId?: string | undefined
  readonly traceback?: string | null | undefined
}

/**
 * Makes an error of stored data. The data never selects code: a name that the registry does not know becomes a
 * `TaskError`, whatever it says, and malformed data becomes one as well, because the task did fail.
 */
export function decodeException(data: unknown, context: DecodeExceptionContext = {}): Error {
  const details = detailsOf(data, context)
  const error = knownError(details)
  return context.registry?.decode(error) ?? error
}

function knownError(details: TaskErrorDetails): TaskError {
  if (details.excModule === 'celery.exceptions') {
    if (details.excType === 'ChordError') return new ChordError(details)
    if (details.excType === 'TaskRevokedError') return new TaskRevokedError(details)
  }
  return new TaskError(details)
}

function detailsOf(data: unknown, { taskId, traceback }: DecodeExceptionContext): TaskErrorDetails {
  const origin = {
    ...(taskId === undefined ? {} : { taskId }),
    ...(typeof traceback === 'string' ? { traceback } : {}),
  }
  if (!isRecord(data) || typeof data['exc_type'] !== 'string') {
    return { excType: 'Exception', excModule: 'builtins', excArgs: isNothing(data) ? [] : [data], ...origin }
  }
  const module = data['exc_module']
  return {
    excType: data['exc_type'],
    excModule: typeof module === 'string' ? module : '',
    excArgs: argsOf(data['exc_message']),
    ...origin,
  }
}

// Foreign writers put a plain message where Celery has the list of arguments.
function argsOf(message: unknown): readonly unknown[] {
  if (Array.isArray(message)) return message
  return message === undefined ? [] : [message]
}

/** What Python takes for "no exception". */
export function isNothing(data: unknown): boolean {
  if (!data) return true
  return typeof data === 'object' && Object.keys(data).length === 0
}

const MAX_CAUSES = 10

/** The text that is stored as a failure's traceback: the stack, followed by those of its causes. */
export function tracebackOf(error: unknown): string {
  const seen: unknown[] = []
  let text = ''
  for (let current = error; !seen.includes(current) && seen.length < MAX_CAUSES; current = current.cause) {
    seen.push(current)
    text += `${text === '' ? '' : '\n\nCaused by: '}${stackOf(current)}`
    if (!(current instanceof Error) || current.cause === undefined) break
  }
  return text
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return pythonRepr(error)
  if (error instanceof TaskError && error.traceback !== undefined) return error.traceback
  return error.stack ?? `${error.name}: ${error.message}`
}
