import type { TaskMessage } from '../wire/task-request.ts'
import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'
import { isRecord } from '../wire/unreadable.ts'

/** The slots of a chord that are filled by what a message starts: its own task, or the last step of its chain. */
export function slotsOf({ chain, chord, group, groupIndex }: TaskMessage, id: string): readonly number[] {
  const last = chain?.[0]
  if (last !== undefined) return placesIn(last).flatMap((place) => (place.chord === id ? [place.slot] : []))
  return chord !== undefined && group === id && groupIndex !== undefined ? [groupIndex] : []
}

export interface ChordPlace {
  readonly chord: string
  readonly slot: number
  readonly taskId: string
}

/** The slots of chords that are filled by the ends of a call. */
export function placesIn({ options, kwargs, subtask_type: type }: SignatureData): readonly ChordPlace[] {
  const { group_id: chord, group_index: slot, task_id: taskId } = options
  if (type === 'chord') return placesIn(decodeSignatureData(kwargs['body']))
  if (type === 'group' || type === 'chain') {
    const tasks: readonly unknown[] = Array.isArray(kwargs['tasks']) ? kwargs['tasks'] : []
    const ends = type === 'chain' ? tasks.slice(-1) : tasks
    return ends.flatMap((task) => placesIn(decodeSignatureData(task)))
  }
  const isPart = isRecord(options['chord']) && typeof chord === 'string' && typeof slot === 'number'
  return isPart && typeof taskId === 'string' ? [{ chord, slot, taskId }] : []
}
