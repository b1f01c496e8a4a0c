import type { TaskMessage } from '../wire/task-request.ts'
import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'
import { isRecord } from '../wire/unreadable.ts'

/** The slots of a chord that are filled by what a message starts: its own task, or the last step of its chain. */
export function slotsOf({ chain, chord, group, groupIndex }: TaskMessage, id: string): readonly number[] {
  const last = chain?.[0]
  if (last !== undefined) return slotsIn(last, id)
  return chord !== undefined && group === id && groupIndex !== undefined ? [groupIndex] : []
}

function slotsIn({ options, kwargs, subtask_type: type }: SignatureData, id: string): readonly number[] {
  const { group_id: group, group_index: index } = options
  if (type === 'chord') return slotsIn(decodeSignatureData(kwargs['body']), id)
  if (type === 'group' || type === 'chain') {
    const tasks: readonly unknown[] = Array.isArray(kwargs['tasks']) ? kwargs['tasks'] : []
    const ends = type === 'chain' ? tasks.slice(-1) : tasks
    return ends.flatMap((task) => slotsIn(decodeSignatureData(task), id))
  }
  return isRecord(options['chord']) && group === id && typeof index === 'number' ? [index] : []
}
