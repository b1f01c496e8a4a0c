import type { FrozenChord } from '../canvas/frozen.ts'
import { decodeSignatureData, type SignatureData } from '../wire/signature-data.ts'
import type { TaskMessage } from '../wire/task-request.ts'
import { isRecord } from '../wire/unreadable.ts'

/**
 * Names the body of a chord in full in the messages of its parts, for peers that publish it themselves. Everybody else finds
 * it in the record, and messages stay as small at any depth.
 */
export function withWholeBody(message: TaskMessage, chord: Pick<FrozenChord, 'id' | 'body'>): TaskMessage {
  const { chain, group } = message
  const [last] = chain ?? []
  if (chain !== undefined && last !== undefined) return { ...message, chain: [step(last, chord), ...chain.slice(1)] }
  return message.chord !== undefined && group === chord.id ? { ...message, chord: chord.body } : message
}

/** The last step of a chain, and whatever it ends in. */
function step(data: SignatureData, chord: Pick<FrozenChord, 'id' | 'body'>): SignatureData {
  const { options, kwargs, subtask_type: type } = data
  if (type === 'group' && Array.isArray(kwargs['tasks'])) {
    const tasks = kwargs['tasks'].map((task) => step(decodeSignatureData(task), chord))
    return { ...data, kwargs: { ...kwargs, tasks } }
  }
  if (!isRecord(options['chord']) || options['group_id'] !== chord.id) return data
  return { ...data, options: { ...options, chord: chord.body } }
}
