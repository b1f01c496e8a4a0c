import type { SignatureData } from '../wire/signature-data.ts'
import { decodeSignatureData } from '../wire/signature-data.ts'
import { Signature } from './signature.ts'

/** A signature of what Celery, or `toData`, wrote. */
export function signatureFromData(data: unknown): Signature<unknown, readonly unknown[]> {
  const { task, args, kwargs, options, subtask_type: kind, immutable } = decodeSignatureData(data)
  if (kind === null) return new Signature({ task, args, kwargs, options, immutable })
  if (kind !== 'group' && kind !== 'chain') throw new TypeError(`A signature of type ${kind} cannot be run here`)
  const { tasks, ...rest } = kwargs
  return new Signature({ task, args, kwargs: rest, options, immutable, kind, tasks: steps(tasks) })
}

function steps(tasks: unknown): readonly Signature<unknown, readonly unknown[]>[] {
  return isList(tasks) ? tasks.map(signatureFromData) : []
}

// Python writes a frozen group's members as a group signature.
function isList(tasks: unknown): tasks is readonly SignatureData[] {
  return Array.isArray(tasks)
}
