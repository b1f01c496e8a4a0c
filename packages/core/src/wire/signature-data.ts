import { isRecord, unreadable } from './unreadable.ts'

/** A signature as Celery writes it, key order included. */
export interface SignatureData {
  readonly task: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly options: Readonly<Record<string, unknown>>
  readonly subtask_type: string | null
  readonly immutable: boolean
}

/** Puts the keys into Celery's order and fills in what may be left out. */
export function signatureData(
  parts: Pick<SignatureData, 'task'> & Partial<Omit<SignatureData, 'task'>>,
): SignatureData {
  return {
    task: parts.task,
    args: parts.args ?? [],
    kwargs: parts.kwargs ?? {},
    options: parts.options ?? {},
    subtask_type: parts.subtask_type ?? null,
    immutable: parts.immutable ?? false,
  }
}

/** Whether foreign data is a signature. Only `task` is asked for: Celery fills in the rest as well. */
export function isSignatureData(data: unknown): data is Pick<SignatureData, 'task'> & Partial<SignatureData> {
  return (
    isRecord(data) &&
    typeof data['task'] === 'string' &&
    isOptional(data['args'], Array.isArray) &&
    isOptional(data['kwargs'], isRecord) &&
    isOptional(data['options'], isRecord) &&
    isOptional(data['subtask_type'], (type) => typeof type === 'string') &&
    isOptional(data['immutable'], (immutable) => typeof immutable === 'boolean')
  )
}

/** Checks foreign data and completes it; keys of other Celery versions, such as `chord_size`, are kept at the end. */
export function decodeSignatureData(data: unknown): SignatureData {
  if (!isSignatureData(data)) throw unreadable('A signature must be an object with a task name and well-typed fields')
  return { ...signatureData(data), ...others(data) }
}

const FIELDS = new Set(['task', 'args', 'kwargs', 'options', 'subtask_type', 'immutable'])

function others(data: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).filter(([key]) => !FIELDS.has(key)))
}

function isOptional(value: unknown, isRight: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || isRight(value)
}
