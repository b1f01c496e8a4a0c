import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'
import { isRecord } from '../wire/unreadable.ts'
import { chordOfGroup } from './joined-steps.ts'
import { Signature, type AnySignature } from './signature.ts'

/** A signature of what Celery, or `toData`, wrote. */
export function signatureFromData(data: unknown): Signature<unknown, readonly unknown[]> {
  const decoded = decodeSignatureData(data)
  const { task, args, kwargs, options, subtask_type: kind, immutable } = decoded
  if (kind === null) return new Signature({ task, args, kwargs, options, immutable })
  if (kind === 'chord') return chordFromData(decoded)
  if (kind !== 'group' && kind !== 'chain') throw new TypeError(`A signature of type ${kind} cannot be run here`)
  const { tasks, ...rest } = kwargs
  return new Signature({ task, args, kwargs: rest, options, immutable, kind, tasks: steps(tasks) })
}

function chordFromData(data: SignatureData): Signature<unknown, readonly unknown[]> {
  const { header, body: end, kwargs: _, ...kwargs } = data.kwargs
  const { task_id: id, arpeggio_chord: own, ...options } = data.options
  const group = groupFromData(header)
  const body: AnySignature = signatureFromData(end)
  // Once Python has fixed the ids of a chord, it calls the chord by the header's id, not by that of the body.
  const taskId = typeof id === 'string' && id !== group.options['task_id'] ? id : undefined
  const chord = chordOfGroup(group, taskId === undefined || 'task_id' in body.options ? body : body.set({ taskId }))
  const asked = { ...record(chord.options['arpeggio_chord']), ...record(own) }
  const chordOptions = Object.keys(asked).length > 0 ? { arpeggio_chord: asked } : {}
  const named: Signature<unknown, readonly unknown[]> = new Signature({
    ...data,
    kwargs,
    kind: 'chord',
    tasks: chord.tasks,
    body: chord.body,
  })
  return named.with({ options: { ...options, ...chordOptions } })
}

// Python writes the header as a list and, once its ids are fixed, as a group.
function groupFromData(header: unknown): AnySignature {
  if (isRecord(header)) return signatureFromData(header)
  return new Signature({ task: 'celery.group', kind: 'group', tasks: steps(header) })
}

function steps(tasks: unknown): readonly AnySignature[] {
  return isList(tasks) ? tasks.map(signatureFromData) : []
}

function isList(tasks: unknown): tasks is readonly unknown[] {
  return Array.isArray(tasks)
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}
