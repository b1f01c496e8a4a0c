import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'
import type { TaskMessage } from '../wire/task-request.ts'
import { isRecord } from '../wire/unreadable.ts'
import type { AnySignature } from './signature.ts'

export interface MessageOptions {
  /** Go in front of the arguments given, unless the signature is immutable. */
  readonly args?: readonly unknown[]
  /** Default: the task's own id. */
  readonly rootId?: string
  readonly parentId?: string
  /** What follows, in reverse: the next step is the last element. */
  readonly chain?: readonly SignatureData[]
  /** Default, for signatures that name none. */
  readonly priority?: number
}

/** The message of a task whose id is fixed. */
export function messageOf(signature: AnySignature, given: MessageOptions): TaskMessage {
  const { options } = signature
  const id = String(options['task_id'])
  return withoutUndefined<TaskMessage>({
    id,
    task: signature.task,
    args: signature.immutable ? signature.args : [...(given.args ?? []), ...signature.args],
    kwargs: signature.kwargs,
    rootId: given.rootId ?? text(options['root_id']) ?? id,
    parentId: given.parentId ?? text(options['parent_id']),
    ...membership(options),
    callbacks: signatures(options['link']),
    errbacks: signatures(options['link_error']),
    chain: given.chain?.length ? given.chain : undefined,
    countdownSeconds: number(options['countdown']),
    queue: text(options['queue']),
    priority: number(options['priority']) ?? given.priority,
    ignoreResult: typeof options['ignore_result'] === 'boolean' ? options['ignore_result'] : undefined,
    ...stamping(options),
  })
}

function membership(options: Options): OrUndefined<Pick<TaskMessage, 'group' | 'groupIndex' | 'chord' | 'bodyOf'>> {
  const chord = options['chord']
  return {
    group: text(options['group_id']),
    groupIndex: number(options['group_index']),
    chord: chord ? chordOf(chord) : undefined,
    bodyOf: text(options['body_of']),
  }
}

// The parts of one chord have it in common, so that a hundred thousand of them hold one.
const decoded = new WeakMap<object, SignatureData>()

function chordOf(chord: unknown): SignatureData {
  if (!isRecord(chord)) return decodeSignatureData(chord)
  const known = decoded.get(chord)
  if (known !== undefined) return known
  const data = decodeSignatureData(chord)
  decoded.set(chord, data)
  return data
}

// In a signature each stamp is an option of its own, named by `stamped_headers`.
function stamping(
  options: Options,
): OrUndefined<Pick<TaskMessage, 'stamps' | 'stampedHeaders' | 'replacedTaskNesting'>> {
  const names: readonly unknown[] = Array.isArray(options['stamped_headers']) ? options['stamped_headers'] : []
  const stampedHeaders = names.filter((name) => typeof name === 'string')
  const nesting = { replacedTaskNesting: number(options['replaced_task_nesting']) }
  if (stampedHeaders.length === 0) return { stamps: undefined, stampedHeaders: undefined, ...nesting }
  const stamps = Object.fromEntries(stampedHeaders.map((name) => [name, options[name]]))
  return { stamps, stampedHeaders, ...nesting }
}

type Options = Readonly<Record<string, unknown>>
type OrUndefined<Whole> = { readonly [Key in keyof Whole]: Whole[Key] | undefined }

// A loop, because there may be a hundred thousand of them to start at once.
function withoutUndefined<Whole extends object>(parts: OrUndefined<Whole>): Whole {
  const whole: Partial<Whole> = {}
  const names = Object.keys(parts) as (keyof Whole)[] // made here, with no other keys
  for (const name of names) {
    const value = parts[name]
    if (value !== undefined) whole[name] = value
  }
  return whole as Whole // only absences left
}

function signatures(list: unknown): readonly SignatureData[] | undefined {
  const items: readonly unknown[] = Array.isArray(list) ? list : [list]
  const present = items.filter(Boolean)
  return present.length === 0 ? undefined : present.map(decodeSignatureData)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
